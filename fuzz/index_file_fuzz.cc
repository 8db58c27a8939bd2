// For any bytes: the decoder of the saved index's head reads none after its input, and a head that it takes is encoded
// as it was. The first 8 bytes of the input are the length of the file.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"
#include "forged.h"
#include "log/index_file.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

void CheckHead(std::string_view head, std::uint64_t file_bytes) {
  const test::ExactBlock block(head);
  const auto decoded = DecodeIndexFileHead(block.view(), file_bytes);
  KVS_CHECK(!decoded || EncodeIndexFileHead(*decoded) == head);
}

void Check(std::string_view input) {
  if (input.size() < sizeof(std::uint64_t) + kIndexFileHeaderBytes) return;
  const std::uint64_t file_bytes = base::GetFixed64(input.data());
  const test::ExactBlock block(input.substr(sizeof(std::uint64_t)));
  const auto head_bytes = IndexFileHeadBytes(block.view().substr(0, kIndexFileHeaderBytes), file_bytes);
  if (!head_bytes || *head_bytes > block.view().size()) return;
  CheckAsItIsAndForged(
      block.view().substr(0, *head_bytes),
      [](std::string_view head) { return base::Checksum32(head.substr(kCheckedFrom)); },
      [&](std::string_view head) { CheckHead(head, file_bytes); });
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
