#include "observers/latency_monitor.h"

#include <algorithm>
#include <utility>

namespace kvs::server {

void LatencyMonitor::Note(std::string_view event, std::chrono::steady_clock::duration duration) {
  const std::int64_t milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (threshold_ms() == 0 || milliseconds < threshold_ms()) return;
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t time_s = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
  const sync::MutexLock lock(mutex_);
  History& history = histories_[std::string(event)];
  history.max_ms = std::max(history.max_ms, milliseconds);
  if (!history.samples.empty() && history.samples.back().time_s == time_s) {
    std::int64_t& of_this_second = history.samples.back().milliseconds;
    of_this_second = std::max(of_this_second, milliseconds);
    return;
  }
  history.samples.push_back({.time_s = time_s, .milliseconds = milliseconds});
  if (history.samples.size() > kSamplesMax) history.samples.pop_front();
}

LatencyMonitor::Histories LatencyMonitor::All() const {
  const sync::MutexLock lock(mutex_);
  return histories_;
}

LatencyMonitor::History LatencyMonitor::Of(std::string_view event) const {
  const sync::MutexLock lock(mutex_);
  const auto found = histories_.find(event);
  return found == histories_.end() ? History() : found->second;
}

bool LatencyMonitor::Forget(std::string_view event) {
  const sync::MutexLock lock(mutex_);
  const auto found = histories_.find(event);
  if (found == histories_.end()) return false;
  histories_.erase(found);
  return true;
}

std::size_t LatencyMonitor::ForgetAll() {
  const sync::MutexLock lock(mutex_);
  return std::exchange(histories_, {}).size();
}

}  // namespace kvs::server
