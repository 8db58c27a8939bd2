// OpenSegment: a segment that is or was appended to and is not sealed yet, with what is known of its way to the disk.
//
// Threads     Extend(), SyncUpTo() and Seal() from any thread; the writer's Append() under the append lock, as LiveLog
//             does.
// Errors      A sync is never tried again: what failed once to bring the segment to the disk goes on failing, and not
//             with kNoSpace, which would be an invitation to try.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/try.h"
#include "kvs/result.h"
#include "log/segment_writer.h"
#include "sync/mutex.h"

namespace kvs::store {

class OpenSegment {
 public:
  OpenSegment(std::unique_ptr<log::SegmentWriter> segment_writer, std::uint32_t slot)
      : writer(std::move(segment_writer)), slot_(slot), synced_bytes_(writer->used_bytes()) {}

  // Brings the first `used_bytes` to the disk unless they are there.
  Status SyncUpTo(std::uint64_t used_bytes) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (sealed_ != nullptr || synced_bytes_ >= used_bytes) return Ok();
    if (failure_) return *failure_;
    if (const Status status = writer->Sync(synced_bytes_); !status) return Fail(status.error());
    synced_bytes_ = used_bytes;
    return Ok();
  }

  // Brings the note of how far the last sync came to the disk as well, which only the next sync would do.
  Status NoteSynced() KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (failure_) return *failure_;
    return sealed_ != nullptr ? Ok() : writer->Sync(synced_bytes_);
  }

  // Nothing is appended any more: cuts and syncs the file. Returns the segment as it is from now on, and the same again
  // when called again.
  Result<std::shared_ptr<log::Segment>> Seal() KVS_EXCLUDES(mutex_) {
    {
      const sync::MutexLock lock(room_mutex_);
      is_full_ = true;
    }
    const sync::MutexLock lock(mutex_);
    if (failure_) return *failure_;
    if (sealed_ != nullptr) return sealed_;
    auto sealed = writer->Seal();
    if (!sealed) return Fail(sealed.error());
    sealed_ = *std::move(sealed);
    return sealed_;
  }

  // As SegmentWriter::Extend(). Does nothing once the segment is being sealed: its file must stay as it was cut.
  Result<std::uint64_t> Extend(std::uint64_t wanted_bytes) KVS_EXCLUDES(room_mutex_) {
    const sync::MutexLock lock(room_mutex_);
    return is_full_ ? writer->reserved_bytes() : writer->Extend(wanted_bytes);
  }

  std::uint32_t slot() const { return slot_; }

  // Appending and growing under the append lock.
  const std::unique_ptr<log::SegmentWriter> writer;

  // The sequence of the last record; set under the append lock when the segment is full.
  std::uint64_t last_sequence = 0;

 private:
  Error Fail(Error error) KVS_REQUIRES(mutex_) {
    error.code = ErrorCode::kIo;
    failure_ = error;
    return error;
  }

  const std::uint32_t slot_;
  sync::Mutex room_mutex_;  // Never held together with mutex_: room must not wait for a sync.
  bool is_full_ KVS_GUARDED_BY(room_mutex_) = false;
  sync::Mutex mutex_;
  std::uint64_t synced_bytes_ KVS_GUARDED_BY(mutex_);  // A writer begins on a file that is synced.
  std::shared_ptr<log::Segment> sealed_ KVS_GUARDED_BY(mutex_);
  std::optional<Error> failure_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
