// EpochDomain: tells a writer when no reader can see an unlinked object any more. Readers take no lock.
//
// Design      A reader pins the domain by copying the current epoch into a slot of its own. A writer unlinks an object,
//             ends the epoch, and frees the object once every pinned slot holds a later epoch than the one that ended.
//             After Fraser, "Practical lock-freedom" (2004), section 5.2.3, with one slot for each thread.
// Threads     Call anything from any thread. A guard is released by the thread that made it; guards of one thread nest.
//             Destructors of thread_local variables may pin.
// Limits      kThreadsMax threads alive at a time that ever pinned; memory for the slots grows in chunks.
//
// Invariants  I1  A slot is written by its own thread only, except for the reclaimer's fetch_add(0).
//             I2  Slot value 0: not pinned. Otherwise: the thread sees no object unlinked in an earlier epoch.
//             I3  Chunks are added in order: after the first missing chunk there is none.
// Fences      P1  pin:     the pin's exchange and the reclaimer's fetch_add(0) are both acq_rel read-modify-writes of
//                          one slot, hence ordered. Pin first: the reclaimer sees it and waits. Reclaimer first: the
//                          pin reads what the reclaimer released, and so sees every object as already unlinked.
//             P2  unpin:   release store of 0 -> the reclaimer's fetch_add. Reads under the pin end before the free.
//             P3  epoch_:  release fetch_add in EndEpoch() -> acquire load in Pin(). A thread that pins a later
//                          epoch sees the unlink.
//             P4  chunks_: as P1, on the chunk's pointer. A thread that adds a chunk after the reclaimer found none
//                          reads what the reclaimer released, and releases it to the threads that find the chunk.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace kvs::sync {

class EpochDomain;

// While it lives, no object that the thread can see is freed. Made by EpochDomain::Pin().
class EpochGuard {
 public:
  EpochGuard(EpochGuard&& other) noexcept : slot_(other.slot_) { other.slot_ = nullptr; }
  EpochGuard& operator=(EpochGuard&&) = delete;
  inline ~EpochGuard();

 private:
  friend class EpochDomain;
  struct Slot;
  explicit EpochGuard(Slot* slot) : slot_(slot) {}
  Slot* slot_;
};

struct alignas(64) EpochGuard::Slot {
  std::atomic<std::uint64_t> pinned_epoch{0};
  std::uint32_t depth = 0;  // Of nested guards; touched by the slot's own thread only.
};

class EpochDomain {
 public:
  static constexpr std::size_t kThreadsMax = 65'536;

  EpochDomain() = default;
  ~EpochDomain();  // No thread may be pinned.
  EpochDomain(const EpochDomain&) = delete;
  EpochDomain& operator=(const EpochDomain&) = delete;

  // No lock, no system call, and no allocation except for the first pin of a thread.
  EpochGuard Pin() {
    EpochGuard::Slot* slot = SlotOfThisThread();
    if (slot->depth++ == 0) {
      slot->pinned_epoch.exchange(epoch_.load(std::memory_order_acquire), std::memory_order_acq_rel);  // P1, P3
    }
    return EpochGuard(slot);
  }

  // Ends the current epoch and returns it. Objects unlinked before may be freed when IsPast() of it is true.
  std::uint64_t EndEpoch() { return epoch_.fetch_add(1, std::memory_order_acq_rel); }  // P3

  // Whether no reader is left that pinned `epoch` or an earlier one. Looks at every slot: call it rarely.
  bool IsPast(std::uint64_t epoch) { return OldestPinned() > epoch; }

  // The oldest epoch that a reader has pinned; UINT64_MAX: no reader is pinned.
  std::uint64_t OldestPinned();

 private:
  static constexpr std::size_t kChunkSlots = 64;
  using Chunk = std::array<EpochGuard::Slot, kChunkSlots>;

  EpochGuard::Slot* SlotOfThisThread() {
    if (thread_number_ == kNoNumber) [[unlikely]]
      TakeThreadNumber();
    const std::size_t thread = thread_number_;
    Chunk* chunk = chunks_[thread / kChunkSlots].load(std::memory_order_acquire);  // P4
    if (chunk == nullptr) [[unlikely]]
      chunk = AddChunksUpTo(thread / kChunkSlots);
    return &(*chunk)[thread % kChunkSlots];
  }
  Chunk* AddChunksUpTo(std::size_t index);

  // A small number that this thread has while it lives, the same in every domain; reused after its end.
  static void TakeThreadNumber();
  static void ReturnThreadNumber(void* value);
  static constexpr std::size_t kNoNumber = ~std::size_t{0};
  static inline constinit thread_local std::size_t thread_number_ = kNoNumber;

  std::atomic<std::uint64_t> epoch_{1};
  std::array<std::atomic<Chunk*>, kThreadsMax / kChunkSlots> chunks_{};
};

inline EpochGuard::~EpochGuard() {
  if (slot_ != nullptr && --slot_->depth == 0) {
    slot_->pinned_epoch.store(0, std::memory_order_release);  // P2
  }
}

}  // namespace kvs::sync
