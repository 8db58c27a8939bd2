#include "sync/gate.h"

#include "base/check.h"
#include "base/probe.h"
#include "sync/striped_counters.h"

namespace kvs::sync {

Gate::~Gate() {
  KVS_CHECK(!is_closed_.load(std::memory_order_acquire));                                  // P1
  for (Slot& slot : slots_) KVS_CHECK(slot.sharers.load(std::memory_order_acquire) == 0);  // P1
}

std::atomic<std::uint32_t>* Gate::EnterShared() {
  std::atomic<std::uint32_t>* const slot = &slots_[ThreadNumber::Own() % kSlots].sharers;
  while (true) {
    slot->fetch_add(1, std::memory_order_acq_rel);  // P1
    if (!is_closed_.load(std::memory_order_acquire)) [[likely]]
      return slot;  // P1
    LeaveShared(slot);
    KVS_PROBE("sharer waits at a closed gate");
    AwaitOpen();
  }
}

void Gate::LeaveShared(std::atomic<std::uint32_t>* slot) {
  slot->fetch_sub(1, std::memory_order_acq_rel);  // P1
  if (!is_closed_.load(std::memory_order_acquire)) [[likely]]
    return;                      // P1
  const MutexLock lock(mutex_);  // So that the other is either before its look at the slot, or waiting.
  KVS_PROBE("sharer wakes who waits to be alone");
  sharer_left_.NotifyOne();
}

void Gate::AwaitOpen() {
  const MutexLock lock(mutex_);
  while (is_closed_.load(std::memory_order_acquire)) opened_.Wait(mutex_);  // P1
}

void Gate::EnterExclusive() {
  const MutexLock lock(mutex_);
  while (is_closed_.load(std::memory_order_acquire)) opened_.Wait(mutex_);  // P1
  is_closed_.store(true, std::memory_order_release);                        // P1
  for (Slot& slot : slots_) {
    while (slot.sharers.fetch_add(0, std::memory_order_acq_rel) != 0) sharer_left_.Wait(mutex_);  // P1
  }
}

void Gate::LeaveExclusive() {
  const MutexLock lock(mutex_);
  is_closed_.store(false, std::memory_order_release);  // P1
  opened_.NotifyAll();
}

}  // namespace kvs::sync
