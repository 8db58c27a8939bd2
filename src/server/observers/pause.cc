#include "server/observers/pause.h"

#include <algorithm>
#include <utility>

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

bool Pause::HasToWait(bool writes, const std::shared_ptr<Outbox>& outbox) {
  const sync::MutexLock lock(mutex_);
  if (what_ != Of::kNothing && until_ <= Clock::now()) EndLocked();
  if (what_ == Of::kNothing || (what_ == Of::kWrites && !writes)) return false;
  if (std::find(waiting_.begin(), waiting_.end(), outbox) == waiting_.end()) waiting_.push_back(outbox);
  alarms_.Set(until_, outbox);
  return true;
}

void Alarms::Look() {
  auto next = Clock::time_point::max();
  for (const Alarm& alarm : alarms_) next = std::min(next, alarm.at);
  next_.store(next.time_since_epoch().count(), std::memory_order_relaxed);  // R1
  observers_.Set(Observers::kAlarms, !alarms_.empty());
}

void Alarms::Set(Clock::time_point at, std::shared_ptr<Outbox> outbox) {
  const sync::MutexLock lock(mutex_);
  alarms_.push_back({.at = at, .outbox = outbox});
  Look();
}

void Alarms::RingDue(Clock::time_point now) {
  std::vector<std::shared_ptr<Outbox>> due;
  {
    const sync::MutexLock lock(mutex_);
    std::erase_if(alarms_, [&](const Alarm& alarm) {
      if (alarm.at > now) return false;
      if (auto outbox = alarm.outbox.lock()) due.push_back(std::move(outbox));
      return true;
    });
    Look();
  }
  for (const auto& outbox : due) outbox->Wake();
}

}  // namespace kvs::server
