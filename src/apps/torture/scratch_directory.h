// ScratchDirectory: a new directory, removed with all that is in it at the end.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "base/check.h"

namespace kvs::torture {

class ScratchDirectory {
 public:
  // parent: in, a directory to which this process may write.
  explicit ScratchDirectory(const std::filesystem::path& parent) {
    std::string pattern = (parent / "kvs-torture-XXXXXX").string();
    KVS_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace kvs::torture
