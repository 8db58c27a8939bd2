// SyncPace: how much is appended between two syncs. That decides in how large pieces the page cache keeps the room
// ahead of the log.
//
// Design      A sync writes each piece whole that holds a changed byte. In coarse pieces (io::Grain) that is up to 2 MB
//             at the end of the log: nothing beside what a fast load appends between two syncs, a hundredfold of what a
//             commit of one record needs. So coarse pieces are for logs that were seen to grow by many of them.
// Threads     None of its own: the LogTail guards it with the append lock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/tunable.h"
#include "io/file.h"

namespace kvs::store {

class SyncPace {
 public:
  // Between two syncs, for the room ahead to be coarse: what a sync writes for nothing is a third of it at most.
  KVS_TUNABLE(std::uint64_t, kCoarseBytes, 3 * io::kCoarseGrainBytes, std::uint64_t{64} << 10,
              6 * io::kCoarseGrainBytes);
  // Coarse room is left where this many syncs in a row came after less than kFineBytes.
  KVS_TUNABLE(std::uint64_t, kFineBytes, io::kCoarseGrainBytes / 2, std::uint64_t{4} << 10, io::kCoarseGrainBytes);
  KVS_TUNABLE(unsigned, kFineSyncs, 16, 1, 64);

  // A sync begins, and `position` is where the log ends.
  void NoteSync(std::uint64_t position) {
    last_gap_bytes_ = position - synced_position_;
    synced_position_ = position;
    fine_syncs_ = last_gap_bytes_ < kFineBytes ? fine_syncs_ + 1 : 0;
  }

  io::Grain GrainAhead(std::uint64_t position) const {
    const std::uint64_t gap_bytes = std::max(last_gap_bytes_, position - synced_position_);
    return gap_bytes >= kCoarseBytes ? io::Grain::kCoarse : io::Grain::kFine;
  }

  // Whether the log has slowed down so much that coarse room should not be filled up.
  bool NeedsFineRoom() const { return fine_syncs_ >= kFineSyncs; }

 private:
  std::uint64_t synced_position_ = 0;
  std::uint64_t last_gap_bytes_ = 0;
  unsigned fine_syncs_ = 0;
};

}  // namespace kvs::store
