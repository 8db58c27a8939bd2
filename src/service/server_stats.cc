#include "service/server_stats.h"

#include <algorithm>

namespace kvs::server {
namespace {

std::uint64_t ValueOf(const std::atomic<std::uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);  // R1
}

// As Redis: the text before the first space.
std::string_view KindOfError(std::string_view text) {
  const std::size_t end = text.find(' ');
  return end == std::string_view::npos ? "ERR" : text.substr(0, end);
}

}  // namespace

void TurnCounts::CountError(std::string_view text, std::uint64_t replies) {
  errors += replies;
  const std::string_view kind = KindOfError(text);
  const auto found =
      std::find_if(error_kinds.begin(), error_kinds.end(), [&](const auto& counted) { return counted.first == kind; });
  if (found != error_kinds.end()) {
    found->second += replies;
  } else {
    error_kinds.emplace_back(kind, replies);
  }
}

void ServerStats::Add(const TurnCounts& counts) {
  counters_.AddAll({counts.commands, counts.errors, counts.hits, counts.misses});
  if (counts.error_kinds.empty()) [[likely]]
    return;
  const sync::MutexLock lock(errors_mutex_);
  for (const auto& [kind, replies] : counts.error_kinds) {
    const auto found = error_kinds_.find(kind);
    if (found != error_kinds_.end()) {
      found->second += replies;
    } else if (error_kinds_.size() < kErrorKindsMax) {
      error_kinds_.emplace(kind, replies);
    }
  }
}

ServerStats::Sums ServerStats::Sum() const {
  return {.commands = counters_.Sum(kCommands),
          .errors = counters_.Sum(kErrors),
          .hits = counters_.Sum(kHits),
          .misses = counters_.Sum(kMisses)};
}

std::uint64_t ServerStats::NoteUsedMemory(std::uint64_t bytes) {
  std::uint64_t peak = ValueOf(used_memory_peak_);
  while (peak < bytes && !used_memory_peak_.compare_exchange_weak(peak, bytes, std::memory_order_relaxed))
    continue;  // R1
  return std::max(peak, bytes);
}

ServerStats::ErrorKinds ServerStats::error_kinds() const {
  const sync::MutexLock lock(errors_mutex_);
  return error_kinds_;
}

void ServerStats::Reset(std::uint64_t of_engine) {
  expired_before_.store(of_engine, std::memory_order_relaxed);  // R1
  for (Counter* counter : {&failed_auths_, &failed_syncs_, &used_memory_peak_}) {
    counter->store(0, std::memory_order_relaxed);  // R1
  }
  net_.Reset();
  counters_.Reset();
  commands.Reset();
  rates_.Reset();
  const sync::MutexLock lock(errors_mutex_);
  error_kinds_.clear();
}

}  // namespace kvs::server
