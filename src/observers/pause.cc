#include "observers/pause.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kvs::server {

void Pause::Begin(Of what, Clock::time_point until) {
  const sync::MutexLock lock(mutex_);
  if (until_ <= Clock::now()) EndLocked();
  what_ = std::max(what_, what);
  until_ = std::max(until_, until);
  observers_.Set(Observers::kPause, true);
  for (const auto& outbox : waiting_) alarms_.Set(until_, outbox);
}

void Pause::End() {
  const sync::MutexLock lock(mutex_);
  EndLocked();
}

void Pause::EndLocked() {
  what_ = Of::kNothing;
  until_ = {};
  observers_.Set(Observers::kPause, false);
  for (const auto& outbox : std::exchange(waiting_, {})) outbox->Wake();
}

bool Pause::HasToWait(Effect effect, const std::shared_ptr<Outbox>& outbox) {
  const sync::MutexLock lock(mutex_);
  if (what_ != Of::kNothing && until_ <= Clock::now()) EndLocked();
  if (what_ == Of::kNothing || (what_ == Of::kWrites && effect == Effect::kReads)) return false;
  waiting_.insert(outbox);
  alarms_.Set(until_, outbox);
  return true;
}

void Pause::Forget(const std::shared_ptr<Outbox>& outbox) {
  const sync::MutexLock lock(mutex_);
  waiting_.erase(outbox);
  alarms_.Cancel(outbox);
}

void Alarms::Look() {
  const auto next = by_time_.empty() ? Clock::time_point::max() : by_time_.begin()->first;
  next_.store(next.time_since_epoch().count(), std::memory_order_relaxed);  // R1
  observers_.Set(Observers::kAlarms, !by_time_.empty());
}

void Alarms::CancelLocked(const std::shared_ptr<Outbox>& outbox) {
  const auto found = by_outbox_.find(outbox);
  if (found == by_outbox_.end()) return;
  by_time_.erase({found->second, outbox});
  by_outbox_.erase(found);
}

void Alarms::Set(Clock::time_point at, const std::shared_ptr<Outbox>& outbox) {
  const sync::MutexLock lock(mutex_);
  CancelLocked(outbox);
  by_time_.emplace(at, outbox);
  by_outbox_.emplace(outbox, at);
  Look();
}

void Alarms::Cancel(const std::shared_ptr<Outbox>& outbox) {
  const sync::MutexLock lock(mutex_);
  CancelLocked(outbox);
  Look();
}

void Alarms::RingDue(Clock::time_point now) {
  std::vector<std::shared_ptr<Outbox>> due;
  {
    const sync::MutexLock lock(mutex_);
    while (!by_time_.empty() && by_time_.begin()->first <= now) {
      due.push_back(by_time_.begin()->second);
      CancelLocked(due.back());
    }
    Look();
  }
  for (const auto& outbox : due) outbox->Wake();
}

std::size_t Alarms::size() const {
  const sync::MutexLock lock(mutex_);
  return by_time_.size();
}

}  // namespace kvs::server
