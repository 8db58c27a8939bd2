// Background: the work of the engine that a command starts and does not wait for: a compaction, a sync.
//
// Design      One thread, started by the first job and joined at the end; one job of each kind at a time.
// Threads     Call anything from any thread, the destructor from one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>

#include "kvs/engine.h"
#include "service/server_log.h"
#include "sync/mutex.h"

namespace kvs::server {

class Background {
 public:
  enum class Job : std::uint8_t { kCompaction, kSync };
  struct Report {
    bool is_under_way = false;
    std::uint64_t done = 0;    // Times that it ended well.
    std::uint64_t failed = 0;  // Times that it did not.
    bool has_failed = false;   // The last time.
  };

  // All outlive it. The log hears of a job that fails.
  Background(KvsEngine& engine, ServerLog& log);
  ~Background();  // Waits for the job that is under way.

  // False: one of its kind is under way, or waits.
  bool Start(Job job) KVS_EXCLUDES(mutex_);
  Report ReportOf(Job job) const KVS_EXCLUDES(mutex_);
  std::int64_t last_sync_s() const KVS_EXCLUDES(mutex_);  // Since 1970; that of the construction before the first.

 private:
  static constexpr std::size_t kJobs = 2;
  struct State {
    Report report;
    bool is_wanted = false;
  };

  State& StateOf(Job job) KVS_REQUIRES(mutex_) { return states_[static_cast<std::size_t>(job)]; }
  void Work() KVS_EXCLUDES(mutex_);
  Status Perform(Job job) { return job == Job::kCompaction ? engine_.Compact() : engine_.Sync(); }

  KvsEngine& engine_;
  ServerLog& log_;
  mutable sync::Mutex mutex_;
  sync::ConditionVariable wanted_;
  State states_[kJobs] KVS_GUARDED_BY(mutex_);
  std::int64_t last_sync_s_ KVS_GUARDED_BY(mutex_);
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
