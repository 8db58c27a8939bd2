#include "server/observers/command_times.h"

namespace kvs::server {

void CommandTimes::Add(std::string_view command, std::chrono::steady_clock::duration duration) {
  if (!is_on()) return;
  const std::int64_t signed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
  const std::uint64_t ns = signed_ns > 0 ? static_cast<std::uint64_t>(signed_ns) : 0;
  std::size_t bucket = 0;
  while (bucket + 1 < kBuckets && ns > BucketNs(bucket)) ++bucket;
  const sync::MutexLock lock(mutex_);
  Histogram& histogram = histograms_[command];
  ++histogram.calls;
  ++histogram.counts[bucket];
}

CommandTimes::Histograms CommandTimes::All() const {
  const sync::MutexLock lock(mutex_);
  return histograms_;
}

void CommandTimes::Reset() {
  const sync::MutexLock lock(mutex_);
  histograms_.clear();
}

}  // namespace kvs::server
