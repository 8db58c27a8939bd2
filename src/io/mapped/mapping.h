// Mapping: a range of memory that shows a file, or zeroed anonymous memory.
//
// Threads     The object is not shared between threads. Its owner synchronizes access to the bytes.
// Ownership   Unmaps on destruction. No thread may access the bytes afterwards.
// Limits      Mappings of 2 MB and more are aligned to 2 MB, so that the kernel can use large pages. A mapping may be
//             longer than its file. Do not touch bytes past the file's end: they read as zeroes and count as a fault.
// Errors      A fault on file pages does not end the process: see fault_guard.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kvs/result.h"

namespace kvs::io {

enum class Access : std::uint8_t { kRead, kReadWrite };

class Mapping {
 public:
  // Shows the first `bytes` of the open file `fd`.
  static Result<Mapping> OfFile(int fd, std::size_t bytes, Access access);
  // Zeroed memory without a file, which the kernel allocates as it is touched.
  static Result<Mapping> Anonymous(std::size_t bytes);

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  char* data() const { return data_; }
  std::size_t size() const { return bytes_; }

  // The number of page faults since the mapping was made that the file could not serve.
  std::uint64_t FaultCount() const;

  // After this call, a write to the memory ends the process.
  Status MakeReadOnly();

 private:
  static constexpr std::size_t kNotWatched = static_cast<std::size_t>(-1);

  char* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t region_ = kNotWatched;
};

}  // namespace kvs::io
