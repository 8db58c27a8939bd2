#include "service/rates.h"

namespace kvs::server {

void Rates::Sample(Clock::time_point now, const Totals& totals) {
  const sync::MutexLock lock(mutex_);
  if (!IsDue(now)) return;  // Another loop was faster.
  next_.store((now + kBetweenSamples).time_since_epoch().count(), std::memory_order_relaxed);  // R1
  samples_.push_back({.at = now, .totals = totals});
  while (samples_.size() > 1 && samples_[1].at + kWindow <= now) samples_.pop_front();
}

Rates::PerSecond Rates::Of(Clock::time_point now, const Totals& totals) const {
  const sync::MutexLock lock(mutex_);
  if (samples_.empty() || samples_.front().at >= now) return {};
  const Taken* base = &samples_.front();
  for (const Taken& sample : samples_) {
    if (sample.at + kWindow <= now) base = &sample;
  }
  const double seconds = std::chrono::duration<double>(now - base->at).count();
  const auto rate = [&](std::uint64_t Totals::*figure) {
    return static_cast<double>(totals.*figure - base->totals.*figure) / seconds;
  };
  return {.commands = rate(&Totals::commands),
          .input_bytes = rate(&Totals::input_bytes),
          .output_bytes = rate(&Totals::output_bytes)};
}

void Rates::Reset() {
  const sync::MutexLock lock(mutex_);
  samples_.clear();
  next_.store(Clock::duration::min().count(), std::memory_order_relaxed);  // R1
}

}  // namespace kvs::server
