// SyncPace: measures how much is appended between two syncs. That decides the grain of the room ahead of the log: the
// size of its pieces in the page cache (io::Grain).
//
// Design      A sync writes each piece whole if a byte in it changed. With coarse pieces that is up to 2 MB at the end
//             of the log. It is little compared with what a fast load appends between two syncs, but a hundred times
//             what a commit of one record needs. So room is coarse only if the log grows by several coarse pieces
//             between two syncs.
// Threads     None of its own: the LogTail guards it with the append lock.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/tunable.h"
#include "io/file.h"

namespace kvs::store {

class SyncPace {
 public:
  // Room ahead is coarse if at least this much is appended between two syncs. A sync then wastes at most a third of it.
  KVS_TUNABLE(std::uint64_t, kCoarseBytes, 3 * io::kCoarseGrainBytes, std::uint64_t{64} << 10,
              6 * io::kCoarseGrainBytes);
  // The log leaves coarse room when kFineSyncs syncs in a row came after less than kFineBytes each.
  KVS_TUNABLE(std::uint64_t, kFineBytes, io::kCoarseGrainBytes / 2, std::uint64_t{4} << 10, io::kCoarseGrainBytes);
  KVS_TUNABLE(unsigned, kFineSyncs, 16, 1, 64);

  // A sync begins. position: in, the end of the log.
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
