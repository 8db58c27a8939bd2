// File: an open file, with the operations that the log needs.
//
// Threads     Each call makes one or a few system calls. Concurrent calls are as safe as those system calls.
// Errors      kNoSpace: the disk or the quota is full, and nothing that was written is harmed. Otherwise kIo.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "io/mapped/mapping.h"
#include "kvs/result.h"

namespace kvs::io {

// The size of the page cache's pieces of a file range. A sync writes a whole piece even if a mapping changed only one
// byte of it. So a range that is synced every few bytes needs fine pieces. Coarse ones give readers large pages, and
// reserving them costs an eighth of the CPU time (docs/performance.md).
enum class Grain : std::uint8_t {
  kFine,    // 4 kB.
  kCoarse,  // kCoarseGrainBytes, for each aligned piece that is reserved as a whole.
  kNone,    // The range is reserved but not written to, so no piece is cached.
};
inline constexpr std::uint64_t kCoarseGrainBytes = std::uint64_t{2} << 20;

class File {
 public:
  virtual ~File() = default;

  virtual Result<std::uint64_t> Size() = 0;

  // Reads up to `bytes`. Returns fewer only at the end of the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) = 0;

  // Tells the system that these bytes are not read again soon, so that it can free the memory that caches them.
  virtual void DropCached(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {}

  // Writes all of `bytes`, and extends the file if necessary.
  virtual Status WriteAt(std::uint64_t offset, std::string_view bytes) = 0;

  // Makes [offset, offset + bytes) part of the file, zeroed and with its disk space allocated. A write there through a
  // mapping then cannot run out of space. kUnsupported: the file system cannot promise that.
  virtual Status Reserve(std::uint64_t offset, std::uint64_t bytes, Grain grain) = 0;

  virtual Status Truncate(std::uint64_t bytes) = 0;

  // After Ok() the length and the contents survive power loss, including what was written through a mapping. Never call
  // it again after it failed: the kernel may have dropped data that it could not write.
  virtual Status Sync() = 0;

  virtual Result<Mapping> Map(std::size_t bytes, Access access) = 0;

  // A number for this file in the page cache of this boot. While it stays the same, the cache has held the file, so
  // everything written can be read. A copy of the file has another number. 0: unknown.
  virtual std::uint64_t CacheIdentity() = 0;
};

}  // namespace kvs::io
