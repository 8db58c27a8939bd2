// ExactBlock: a copy of some bytes in a heap block of exactly their size, so that reading one byte too far is an error
// under AddressSanitizer instead of luck.
#pragma once

#include <cstring>
#include <memory>
#include <string_view>

namespace kvs::test {

class ExactBlock {
 public:
  explicit ExactBlock(std::string_view bytes) : block_(new char[bytes.size()]), bytes_(bytes.size()) {
    if (bytes_ > 0) std::memcpy(block_.get(), bytes.data(), bytes_);
  }
  std::string_view view() const { return {block_.get(), bytes_}; }
  const char* begin() const { return block_.get(); }
  const char* end() const { return block_.get() + bytes_; }

 private:
  std::unique_ptr<char[]> block_;
  std::size_t bytes_;
};

}  // namespace kvs::test
