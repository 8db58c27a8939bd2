// PendingBatches: the batch that is being published, if there is one, and earlier ones that readers may still use.
//
// Threads     Current() from any thread, under an epoch pin. All other calls under the append lock.
//
// Fences      P1  current_: release store of a batch before its first index change, and of nullptr after its last ->
//                 acquire load after the index was read. A reader that sees a change of the batch and then nullptr sees
//                 all changes of the batch.
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "base/probe.h"
#include "base/tunable.h"
#include "store/pending_batch.h"
#include "store/segments/append_lock.h"
#include "sync/epoch.h"

namespace kvs::store {

class PendingBatches {
 public:
  explicit PendingBatches(sync::EpochDomain& epochs) : epochs_(epochs) {}

  // nullptr: no batch is being published.
  const PendingBatch* Current() const { return current_.load(std::memory_order_acquire); }  // P1

  // Makes the next batch. Readers do not see it before Show(). members: in, the most that it will have.
  PendingBatch& Make(const AppendLock::Held&, std::size_t members) {
    batches_.push_back({kNeverPast, std::make_unique<PendingBatch>(members)});
    return *batches_.back().batch;
  }
  // Frees the batch that was made last, because it was not appended.
  void Drop(const AppendLock::Held&) { batches_.pop_back(); }

  // Readers take the keys of the batch from it, until Hide() makes the changes visible together.
  void Show(const AppendLock::Held&) {
    current_.store(batches_.back().batch.get(), std::memory_order_release);  // P1
  }
  void Hide(const AppendLock::Held&) { current_.store(nullptr, std::memory_order_release); }  // P1

  // After Hide(): the batch is freed later, when no reader can be using it.
  void Retire(const AppendLock::Held&) {
    batches_.back().epoch = epochs_.EndEpoch();
    if (batches_.size() < kBatchesMax) return;
    KVS_PROBE("pending batches are freed");
    const std::uint64_t oldest_pinned = epochs_.OldestPinned();
    std::erase_if(batches_, [=](const Batch& batch) { return batch.epoch < oldest_pinned; });
  }

 private:
  // When there are this many batches, those that no reader can be using are freed.
  KVS_TUNABLE(std::size_t, kBatchesMax, 64, 1, 256);
  static constexpr std::uint64_t kNeverPast = std::numeric_limits<std::uint64_t>::max();

  struct Batch {
    std::uint64_t epoch;
    std::unique_ptr<PendingBatch> batch;
  };

  sync::EpochDomain& epochs_;  // Constant after construction.
  std::atomic<const PendingBatch*> current_{nullptr};
  std::vector<Batch> batches_;  // Guarded by the append lock. The pending one is the last.
};

}  // namespace kvs::store
