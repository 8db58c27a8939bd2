// Gate: a lock that many threads share, or one holds alone.
//
// Design      A sharer counts itself in a slot of its own thread, so that sharers write to no common memory. An
//             exclusive thread closes the gate, then waits until every slot is empty. Sharing costs two atomic
//             additions and two loads. Exclusive passes read every slot, and are meant to be rare.
// Threads     Call anything from any thread. A thread that is inside must not enter again, in either way.
// Ordering    All that was done under an earlier pass is seen under a later one, if one of the two is exclusive.
//
// Invariants  I1  While an Exclusive lives no Shared does.
//             I2  is_closed_ is written under mutex_ only.
// Fences      P1  A sharer adds to its slot, then reads is_closed_. An exclusive thread sets is_closed_, then adds 0 to
//                 the slot. The two additions are acq_rel read-modify-writes of one slot, hence ordered. Sharer first:
//                 the other thread sees it and waits. Sharer second: it reads what the other thread released, finds the
//                 gate closed, and leaves. The same holds when a sharer leaves: either it sees the closed gate, or the
//                 other thread does not wait for it.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sync/mutex.h"

namespace kvs::sync {

class Gate {
 public:
  // More threads share slots, which costs time, not correctness.
  static constexpr std::size_t kSlots = 64;

  class Shared {
   public:
    explicit Shared(Gate& gate) : gate_(gate) { Enter(); }
    ~Shared() {
      if (slot_ != nullptr) Leave();
    }
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;

    // Between the two calls the thread has no pass.
    void Leave() { gate_.LeaveShared(std::exchange(slot_, nullptr)); }
    void Enter() { slot_ = gate_.EnterShared(); }

   private:
    Gate& gate_;
    std::atomic<std::uint32_t>* slot_ = nullptr;
  };

  class Exclusive {
   public:
    explicit Exclusive(Gate& gate) : gate_(gate) { gate_.EnterExclusive(); }
    ~Exclusive() { gate_.LeaveExclusive(); }
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

   private:
    Gate& gate_;
  };

  Gate() = default;
  ~Gate();  // No thread may have a pass.
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

 private:
  struct alignas(64) Slot {
    std::atomic<std::uint32_t> sharers{0};  // P1
  };

  std::atomic<std::uint32_t>* EnterShared() KVS_EXCLUDES(mutex_);
  void LeaveShared(std::atomic<std::uint32_t>* slot) KVS_EXCLUDES(mutex_);
  void EnterExclusive() KVS_EXCLUDES(mutex_);
  void LeaveExclusive() KVS_EXCLUDES(mutex_);
  void AwaitOpen() KVS_EXCLUDES(mutex_);

  std::array<Slot, kSlots> slots_;
  std::atomic<bool> is_closed_{false};  // P1
  Mutex mutex_;
  ConditionVariable opened_;
  ConditionVariable sharer_left_;
};

}  // namespace kvs::sync
