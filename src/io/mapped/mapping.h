// Mapping: a stretch of memory that shows a file, or zeroed memory of its own.
//
// Threads     The bytes are the owner's affair; the object itself is not shared.
// Ownership   Unmaps on destruction: nobody may look at the bytes any more.
// Limits      Mappings of 2 MB and more begin at a 2 MB boundary, so that the kernel can use large pages. A mapping may
//             be longer than its file: bytes past the file's end must not be touched (they read as zeroes and count as
//             a fault).
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
  // Zeroed memory that belongs to no file, given by the kernel as it is touched.
  static Result<Mapping> Anonymous(std::size_t bytes);

  Mapping() = default;
  Mapping(Mapping&& other) noexcept;
  Mapping& operator=(Mapping&& other) noexcept;
  ~Mapping();

  char* data() const { return data_; }
  std::size_t size() const { return bytes_; }

  // How many page faults could not be answered from the file since it was mapped.
  std::uint64_t FaultCount() const;

  // Makes further writes to the memory a bug that ends the process.
  Status MakeReadOnly();

 private:
  static constexpr std::size_t kNotWatched = static_cast<std::size_t>(-1);

  char* data_ = nullptr;
  std::size_t bytes_ = 0;
  std::size_t region_ = kNotWatched;
};

}  // namespace kvs::io
