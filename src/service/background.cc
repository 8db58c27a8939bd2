#include "service/background.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "sync/thread.h"

namespace kvs::server {
namespace {

std::int64_t NowSeconds() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
}

std::string_view NameOf(Background::Job job) {
  switch (job) {
    case Background::Job::kCompaction: return "a compaction";
    case Background::Job::kSync: return "a sync";
    case Background::Job::kBackup: return "a backup";
  }
  return "";
}

}  // namespace

Background::Background(KvsEngine& engine, ServerLog& log) : engine_(engine), log_(log), last_save_s_(NowSeconds()) {}

Background::~Background() {
  std::thread thread;
  {
    const sync::MutexLock lock(mutex_);
    is_ending_ = true;
    wanted_.NotifyAll();
    thread = std::move(thread_);
  }
  sync::Join(thread);
}

bool Background::Start(Job job, BackupOrder order) {
  const sync::MutexLock lock(mutex_);
  State& state = StateOf(job);
  if (state.report.is_under_way) return false;
  if (!thread_.joinable()) {
    auto thread = sync::StartThread([this] { Work(); });
    state.report.has_failed = state.report.has_failed || !thread;
    if (!thread) return true;
    thread_ = *std::move(thread);
  }
  if (job == Job::kBackup) order_ = std::move(order);
  state.is_wanted = true;
  state.report.is_under_way = true;
  wanted_.NotifyOne();
  return true;
}

Background::Report Background::ReportOf(Job job) const {
  const sync::MutexLock lock(mutex_);
  return states_[static_cast<std::size_t>(job)].report;
}

Background::BackupState Background::backup() const {
  const sync::MutexLock lock(mutex_);
  BackupState state = backup_;
  state.report = states_[static_cast<std::size_t>(Job::kBackup)].report;
  return state;
}

std::int64_t Background::last_save_s() const {
  const sync::MutexLock lock(mutex_);
  return last_save_s_;
}

Status Background::Perform(Job job) {
  switch (job) {
    case Job::kCompaction: return engine_.Compact();
    case Job::kSync: return engine_.Sync();
    case Job::kBackup: return BackUp();
  }
  return Ok();
}

Status Background::BackUp() {
  BackupOrder order;
  {
    const sync::MutexLock lock(mutex_);
    order = order_;
    backup_.progress = {};
  }
  const auto go_on = [this](const BackupProgress& progress) {
    const sync::MutexLock lock(mutex_);
    backup_.progress = progress;
    return !is_ending_;
  };
  const auto made = engine_.Backup(order.to, {.bytes_per_second = order.bytes_per_second, .progress = go_on});
  const sync::MutexLock lock(mutex_);
  backup_.error = made ? "" : made.error().ToString();
  if (!made) return made.error();
  backup_.last = *made;
  return Ok();
}

void Background::Work() {
  sync::MutexLock lock(mutex_);
  while (!is_ending_) {
    bool has_worked = false;
    for (const Job job : {Job::kCompaction, Job::kSync, Job::kBackup}) {
      State& state = StateOf(job);
      if (!std::exchange(state.is_wanted, false)) continue;
      mutex_.Unlock();
      const Status status = Perform(job);
      if (!status) {
        log_.Note(ServerLog::Kind::kBackgroundFailed,
                  std::string(NameOf(job)) + " failed: " + status.error().ToString());
      }
      mutex_.Lock();
      state.report.is_under_way = false;
      state.report.has_failed = !status;
      if (!status) ++state.report.failed;
      if (status) ++state.report.done;
      if (status && job != Job::kCompaction) last_save_s_ = NowSeconds();
      has_worked = true;
    }
    if (!has_worked && !is_ending_) wanted_.Wait(mutex_);
  }
}

}  // namespace kvs::server
