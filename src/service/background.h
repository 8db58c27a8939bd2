// Background: compactions, syncs and backups of the engine that a command starts without waiting for them.
//
// Design      One thread, which the first job starts and the destructor joins. One job of each kind at a time. The
//             destructor ends a backup, and waits for the others.
// Threads     Call anything from any thread, the destructor from one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "kvs/engine.h"
#include "service/server_log.h"
#include "sync/mutex.h"

namespace kvs::server {

class Background {
 public:
  enum class Job : std::uint8_t { kCompaction, kSync, kBackup };
  struct Report {
    bool is_under_way = false;
    std::uint64_t done = 0;    // Successful jobs.
    std::uint64_t failed = 0;  // Failed jobs.
    bool has_failed = false;   // The last job.
  };

  struct BackupState {
    Report report;
    BackupProgress progress{};         // Of the one that is under way.
    std::optional<BackupInfo> last{};  // The last good one of this server.
    std::string error{};               // Why the last one failed; empty: it did not.
  };

  // engine: in, outlives it.
  // log: in, outlives it, and gets a line for each job that fails.
  Background(KvsEngine& engine, ServerLog& log);
  ~Background();

  struct BackupOrder {
    std::filesystem::path to{};
    std::uint64_t bytes_per_second = 0;  // 0: no limit.
  };
  // False: a job of this kind is running or waiting.
  bool StartCompaction() KVS_EXCLUDES(mutex_) { return Start(Job::kCompaction, {}); }
  bool StartSync() KVS_EXCLUDES(mutex_) { return Start(Job::kSync, {}); }
  bool StartBackup(BackupOrder order) KVS_EXCLUDES(mutex_) { return Start(Job::kBackup, std::move(order)); }
  Report ReportOf(Job job) const KVS_EXCLUDES(mutex_);
  BackupState backup() const KVS_EXCLUDES(mutex_);
  // Of the last good sync or backup, since 1970. Before the first: the construction's time.
  std::int64_t last_save_s() const KVS_EXCLUDES(mutex_);

 private:
  static constexpr std::size_t kJobs = 3;
  struct State {
    Report report;
    bool is_wanted = false;
  };

  bool Start(Job job, BackupOrder order) KVS_EXCLUDES(mutex_);
  State& StateOf(Job job) KVS_REQUIRES(mutex_) { return states_[static_cast<std::size_t>(job)]; }
  void Work() KVS_EXCLUDES(mutex_);
  Status Perform(Job job) KVS_EXCLUDES(mutex_);
  Status BackUp() KVS_EXCLUDES(mutex_);

  KvsEngine& engine_;
  ServerLog& log_;
  mutable sync::Mutex mutex_;
  sync::ConditionVariable wanted_;
  State states_[kJobs] KVS_GUARDED_BY(mutex_);
  std::int64_t last_save_s_ KVS_GUARDED_BY(mutex_);
  BackupOrder order_ KVS_GUARDED_BY(mutex_);
  BackupState backup_ KVS_GUARDED_BY(mutex_);  // Without its report, which is in states_.
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
