// File: an open file, as the log needs it.
//
// Threads     Each call is one or a few system calls; concurrent calls are as safe as those.
// Errors      kNoSpace when the disk or the quota is full: nothing that was there is harmed. Otherwise kIo.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "io/mapped/mapping.h"
#include "kvs/result.h"

namespace kvs::io {

// How large the pieces are in which the page cache keeps a range of a file. A sync writes every piece whole of which
// one byte was changed through a mapping, so ranges that are synced after every few bytes need fine ones. Readers of
// coarse ones get large pages, and taking the room costs an eighth of the CPU time (docs/performance.md).
enum class Grain : std::uint8_t {
  kFine,    // 4 kB.
  kCoarse,  // kCoarseGrainBytes, where a whole aligned one is reserved whole.
  kNone,    // The range is set aside, not written to: nothing of it need be kept.
};
inline constexpr std::uint64_t kCoarseGrainBytes = std::uint64_t{2} << 20;

class File {
 public:
  virtual ~File() = default;

  virtual Result<std::uint64_t> Size() = 0;

  // Reads up to `bytes`; fewer only at the end of the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) = 0;

  // These bytes are not read again soon: where the system can, it gives back the memory in which it holds them.
  virtual void DropCached(std::uint64_t /*offset*/, std::uint64_t /*bytes*/) {}

  // Writes all of `bytes`, extending the file where needed.
  virtual Status WriteAt(std::uint64_t offset, std::string_view bytes) = 0;

  // Makes [offset, offset + bytes) part of the file, zeroed, with its room on the disk taken, so that writing there
  // through a mapping cannot fail for want of space. kUnsupported: the file system cannot promise that.
  virtual Status Reserve(std::uint64_t offset, std::uint64_t bytes, Grain grain) = 0;

  virtual Status Truncate(std::uint64_t bytes) = 0;

  // The contents, those written through a mapping included, and the length survive power loss after Ok(). Never call it
  // again after it failed: the kernel may have dropped what it could not write.
  virtual Status Sync() = 0;

  virtual Result<Mapping> Map(std::size_t bytes, Access access) = 0;

  // A number for this file in the page cache of this boot of the machine. While it is the same, the cache has held the
  // file, so that everything that was written can be read. A copy of the file has another one. 0: not known.
  virtual std::uint64_t CacheIdentity() = 0;
};

}  // namespace kvs::io
