// Pause: the time for which CLIENT PAUSE makes commands wait.
//
// Design      A connection whose command has to wait leaves its outbox here and is woken when the pause ends, be it by
//             CLIENT UNPAUSE or by time (Alarms).
// Threads     Call anything from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "net/outbox.h"
#include "observers/observers.h"
#include "sync/mutex.h"

namespace kvs::server {

class Alarms;

class Pause {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Of : std::uint8_t { kNothing, kWrites, kAll };
  enum class Effect : std::uint8_t { kReads, kWrites };  // Of a command.

  Pause(Observers& observers, Alarms& alarms) : observers_(observers), alarms_(alarms) {}

  // If one is under way, the wider of the two holds until the later end.
  void Begin(Of what, Clock::time_point until) KVS_EXCLUDES(mutex_);
  void End() KVS_EXCLUDES(mutex_);
  // Whether a command waits; then its connection will be woken.
  bool HasToWait(Effect effect, const std::shared_ptr<Outbox>& outbox) KVS_EXCLUDES(mutex_);
  // The connection ends.
  void Forget(const std::shared_ptr<Outbox>& outbox) KVS_EXCLUDES(mutex_);

 private:
  void EndLocked() KVS_REQUIRES(mutex_);

  Observers& observers_;
  Alarms& alarms_;
  sync::Mutex mutex_;
  Of what_ KVS_GUARDED_BY(mutex_) = Of::kNothing;
  Clock::time_point until_ KVS_GUARDED_BY(mutex_){};
  std::set<std::shared_ptr<Outbox>> waiting_ KVS_GUARDED_BY(mutex_);
};

// Alarms: connections that are woken at a point in time. The loops look for what is due. Any thread.
//
// Ownership   A connection has one alarm at most, and cancels it when it no longer waits, or ends.
// Fences      R1  next_ns_: relaxed. A hint for when to look.
class Alarms {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Alarms(Observers& observers) : observers_(observers) {}

  // In place of the one that the connection has.
  void Set(Clock::time_point at, const std::shared_ptr<Outbox>& outbox) KVS_EXCLUDES(mutex_);
  void Cancel(const std::shared_ptr<Outbox>& outbox) KVS_EXCLUDES(mutex_);
  void RingDue(Clock::time_point now) KVS_EXCLUDES(mutex_);
  std::size_t size() const KVS_EXCLUDES(mutex_);
  // The earliest; only while Observers::kAlarms is set.
  Clock::time_point next() const { return Clock::time_point(Clock::duration(next_.load(std::memory_order_relaxed))); }

 private:
  void CancelLocked(const std::shared_ptr<Outbox>& outbox) KVS_REQUIRES(mutex_);
  void Look() KVS_REQUIRES(mutex_);

  Observers& observers_;
  std::atomic<Clock::rep> next_{Clock::duration::max().count()};  // R1
  mutable sync::Mutex mutex_;
  std::set<std::pair<Clock::time_point, std::shared_ptr<Outbox>>> by_time_ KVS_GUARDED_BY(mutex_);
  std::map<std::shared_ptr<Outbox>, Clock::time_point> by_outbox_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
