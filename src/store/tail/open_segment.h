// OpenSegment: a segment that is not sealed yet, active or full, and how much of it is synced.
//
// Threads     SyncUpTo(), MarkSynced() and Seal() from any thread. The writer's Append() under the append lock, as in
//             LogTail.
// Errors      The first error is the answer to all later calls. A failed sync is not tried again, because the kernel
//             may have dropped the data. An error that passes (base::IsPassing) did no harm, and is not kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"
#include "kvs/result.h"
#include "log/segment_writer.h"
#include "sync/mutex.h"

namespace kvs::store {

class OpenSegment {
 public:
  // A sync first writes the mark of the sync before it, once this many bytes or syncs came after the last mark. The
  // mark is in the first page of the file. Writing it each time makes every commit a tenth longer.
  KVS_TUNABLE(std::uint64_t, kMarkBytesMax, std::uint64_t{64} << 10, 1, std::uint64_t{1} << 20);
  KVS_TUNABLE(unsigned, kMarkSyncsMax, 16, 1, 64);

  OpenSegment(std::unique_ptr<log::SegmentWriter> segment_writer, std::uint32_t slot)
      : writer(std::move(segment_writer)), slot_(slot), synced_bytes_(writer->used_bytes()) {}

  // Syncs the first `used_bytes`, unless they are synced.
  Status SyncUpTo(std::uint64_t used_bytes) KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (sealed_ != nullptr || synced_bytes_ >= used_bytes) return Ok();
    KVS_PROBE_IF(failure_.has_value(), "sync answers an earlier failure");
    if (failure_) return *failure_;
    // If there is no room for the mark, the earlier mark stays. It only claims less.
    if (Status marked = IsMarkDue() ? Mark() : Ok(); !marked && !base::IsPassing(marked.error())) return marked;
    KVS_TRY(RememberFailure(writer->Sync()));
    synced_bytes_ = used_bytes;
    ++syncs_since_mark_;
    return Ok();
  }

  // Writes and syncs the mark of the last sync, unless it is written.
  Status MarkSynced() KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (failure_) return *failure_;
    if (sealed_ != nullptr || marked_bytes_ == synced_bytes_) return Ok();
    KVS_TRY(Mark());
    return RememberFailure(writer->Sync());
  }

  // Cuts the file at the end of its records, and syncs it. Nothing may be appended afterwards. Returns the sealed
  // segment, the same one in each call.
  Result<std::shared_ptr<log::Segment>> Seal() KVS_EXCLUDES(mutex_) {
    const sync::MutexLock lock(mutex_);
    if (sealed_ != nullptr) return sealed_;
    if (failure_) return *failure_;
    auto sealed = writer->Seal();
    KVS_TRY(RememberFailure(sealed ? Ok() : Status(sealed.error())));
    sealed_ = *std::move(sealed);
    return sealed_;
  }

  std::uint32_t slot() const { return slot_; }

  // Under the append lock. NoteCoarseRoom(): all room reserved from now on has coarse grain (io::Grain).
  // IsInCoarseRoom(): the records have reached it.
  void NoteCoarseRoom() { coarse_from_ = std::min(coarse_from_, writer->reserved_bytes()); }
  bool IsInCoarseRoom() const { return writer->used_bytes() > coarse_from_; }

  // Under the append lock. The room after removals_from() came from the reserve, and is for removals only.
  void NoteRoomOfReserve() { removals_from_ = std::min(removals_from_, writer->reserved_bytes()); }
  void NoteAllRoomOfReserve() { removals_from_ = 0; }
  void ForgetRoomOfReserve() { removals_from_ = UINT64_MAX; }
  std::uint64_t removals_from() const { return removals_from_; }

  // Append() and GrowTo() under the append lock; Extend() by the maintainer.
  const std::unique_ptr<log::SegmentWriter> writer;

  // The sequence of the last record; set under the append lock when the segment is full.
  std::uint64_t last_sequence = 0;

 private:
  bool IsMarkDue() const KVS_REQUIRES(mutex_) {
    return marked_bytes_ == 0 || synced_bytes_ - marked_bytes_ >= kMarkBytesMax || syncs_since_mark_ >= kMarkSyncsMax;
  }
  Status Mark() KVS_REQUIRES(mutex_) {
    KVS_TRY(RememberFailure(writer->Mark(synced_bytes_)));
    marked_bytes_ = synced_bytes_;
    syncs_since_mark_ = 0;
    return Ok();
  }
  Status RememberFailure(Status status) KVS_REQUIRES(mutex_) {
    if (status) return status;
    if (!base::IsPassing(status.error())) failure_ = status.error();
    return status;
  }

  const std::uint32_t slot_;
  std::uint64_t coarse_from_ = UINT64_MAX;
  std::uint64_t removals_from_ = UINT64_MAX;
  sync::Mutex mutex_;
  std::uint64_t synced_bytes_ KVS_GUARDED_BY(mutex_);  // At first all of the file: a writer begins on a synced one.
  std::uint64_t marked_bytes_ KVS_GUARDED_BY(mutex_) = 0;
  unsigned syncs_since_mark_ KVS_GUARDED_BY(mutex_) = 0;
  std::optional<Error> failure_ KVS_GUARDED_BY(mutex_);
  std::shared_ptr<log::Segment> sealed_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::store
