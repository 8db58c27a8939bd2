// Background: compactions and syncs of the engine that a command starts without waiting for them.
//
// Design      One thread, which the first job starts and the destructor joins. One job of each kind at a time.
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
    std::uint64_t done = 0;    // Successful jobs.
    std::uint64_t failed = 0;  // Failed jobs.
    bool has_failed = false;   // The last job.
  };

  // engine: in, outlives it.
  // log: in, outlives it, and gets a line for each job that fails.
  Background(KvsEngine& engine, ServerLog& log);
  ~Background();  // Waits for the job that is running.

  // False: a job of this kind is running or waiting.
  bool Start(Job job) KVS_EXCLUDES(mutex_);
  Report ReportOf(Job job) const KVS_EXCLUDES(mutex_);
  std::int64_t last_sync_s() const KVS_EXCLUDES(mutex_);  // Since 1970. Before the first: the construction's time.

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
