// Scrubber: reads the sealed segments over and over at a bounded rate, to report damage before a reader finds it.
//
// Design      A thread of its own. Each round reads every record of every sealed segment. A damaged segment is told
//             once, at its first bad record, and the records after it are not read. An image of the log keeps the
//             segment readable meanwhile.
// Threads     Start() and Stop() from one thread, figures() from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <set>
#include <thread>

#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "store/tail/live_log.h"
#include "store/tail/log_image.h"
#include "sync/mutex.h"
#include "sync/schedule.h"

namespace kvs::store {

class Scrubber {
 public:
  struct Figures {
    std::uint64_t read_bytes = 0;
    std::uint64_t damages = 0;
  };

  Scrubber(LiveLog& log, const KvStoreOptions& options);
  ~Scrubber();  // Call Stop() before.

  // Nothing is started if no rate is set. kNoSpace.
  Status Start();
  void Stop() KVS_EXCLUDES(mutex_);

  Figures figures() const;

 private:
  using Clock = sync::SteadyClock;

  void Run();
  // False: it is to end.
  bool Scrub(const LogImage::Part& part);
  bool Rest(Clock::duration duration) KVS_EXCLUDES(mutex_);
  bool Spend(std::uint64_t bytes);
  void Tell(const log::Segment& segment, std::uint64_t offset);

  // Constant after construction.
  LiveLog& log_;
  const KvStoreOptions& options_;

  std::set<std::uint64_t> damaged_ids_;  // Used by the thread alone.

  std::atomic<std::uint64_t> read_bytes_{0};  // R1: relaxed, figures for people.
  std::atomic<std::uint64_t> damages_{0};     // R1

  sync::Mutex mutex_;
  sync::ConditionVariable stopped_;
  bool stops_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace kvs::store
