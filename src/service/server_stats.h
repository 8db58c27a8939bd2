// ServerStats: what INFO counts.
//
// Threads     Call anything from any thread. A lock is taken only for error replies, once per turn that made some.
// Limits      kErrorKindsMax kinds of error replies are counted each for itself; the sum counts all.
//
// Fences      R1  all counters: relaxed. Figures; nothing is reached through them.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/net_figures.h"
#include "service/command_stats.h"
#include "service/rates.h"
#include "sync/mutex.h"
#include "sync/striped_counters.h"

namespace kvs::server {

// What one turn of a connection has counted.
struct TurnCounts {
  std::uint64_t commands = 0;
  std::uint64_t errors = 0;
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::vector<std::pair<std::string, std::uint64_t>> error_kinds{};  // By the first word of the reply.

  // text: in, an error reply without the leading '-'.
  void CountError(std::string_view text, std::uint64_t replies = 1);
};

class ServerStats {
 public:
  static constexpr std::size_t kErrorKindsMax = 128;
  static constexpr std::size_t kCommandsMax = 256;  // Their numbers are below it.
  using ErrorKinds = std::map<std::string, std::uint64_t, std::less<>>;
  using Clock = std::chrono::steady_clock;

  struct Sums {
    std::uint64_t commands = 0;
    std::uint64_t errors = 0;
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };

  // `net` outlives it.
  explicit ServerStats(NetFigures& net) : net_(net) {}

  void Add(const TurnCounts& counts) KVS_EXCLUDES(errors_mutex_);
  void CountFailedAuth() { failed_auths_.fetch_add(1, std::memory_order_relaxed); }             // R1
  std::uint64_t failed_auths() const { return failed_auths_.load(std::memory_order_relaxed); }  // R1
  void CountFailedSync() { failed_syncs_.fetch_add(1, std::memory_order_relaxed); }             // R1
  std::uint64_t failed_syncs() const { return failed_syncs_.load(std::memory_order_relaxed); }  // R1

  // Since the start, or the last Reset().
  Sums Sum() const;
  ErrorKinds error_kinds() const KVS_EXCLUDES(errors_mutex_);
  std::uint64_t ExpiredKeys(std::uint64_t of_engine) const {
    return of_engine - expired_before_.load(std::memory_order_relaxed);  // R1
  }

  // The greatest of what was noted.
  std::uint64_t NoteUsedMemory(std::uint64_t bytes);

  // The loops call it when they are awake.
  void SampleWhereDue(Clock::time_point now) {
    if (rates_.IsDue(now)) rates_.Sample(now, TotalsNow());
  }
  Rates::PerSecond RatesAt(Clock::time_point now) const { return rates_.Of(now, TotalsNow()); }

  // Those of the loops included. `of_engine`: what EngineStats::expired is now.
  void Reset(std::uint64_t of_engine) KVS_EXCLUDES(errors_mutex_);

  CommandStats commands{kCommandsMax};

 private:
  using Counter = std::atomic<std::uint64_t>;  // R1, as all of them.
  enum Striped : std::uint8_t {
    kCommands,
    kErrors,
    kHits,
    kMisses,
    kStriped,
  };

  Rates::Totals TotalsNow() const {
    return {
        .commands = counters_.Sum(kCommands), .input_bytes = net_.received_bytes(), .output_bytes = net_.sent_bytes()};
  }

  NetFigures& net_;
  sync::StripedCounters<kStriped> counters_;
  Counter failed_auths_{0};
  Counter failed_syncs_{0};
  Counter expired_before_{0};
  Counter used_memory_peak_{0};
  Rates rates_;
  mutable sync::Mutex errors_mutex_;
  ErrorKinds error_kinds_ KVS_GUARDED_BY(errors_mutex_);
};

}  // namespace kvs::server
