// TemporaryDirectory: a new directory for one test, removed with all its contents at the end.
// ScratchDirectory: one in memory, if the system has such a place, for tests that make thousands of stores and simulate
// the disk itself.
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "base/check.h"

namespace kvs::test {

class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
    std::string pattern = (parent / "kvs-test-XXXXXX").string();
    KVS_CHECK(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

class ScratchDirectory : public TemporaryDirectory {
 public:
  ScratchDirectory() : TemporaryDirectory(Parent()) {}

 private:
  static std::filesystem::path Parent() {
    std::error_code error;
    const bool has_memory = std::filesystem::is_directory("/dev/shm", error) && ::access("/dev/shm", W_OK) == 0;
    return has_memory ? "/dev/shm" : std::filesystem::temp_directory_path();
  }
};

}  // namespace kvs::test
