#include "service/background.h"

#include <chrono>
#include <utility>

#include "sync/thread.h"

namespace kvs::server {
namespace {

std::int64_t NowSeconds() {
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
}

}  // namespace

Background::Background(KvsEngine& engine, ServerLog& log) : engine_(engine), log_(log), last_sync_s_(NowSeconds()) {}

Background::~Background() {
  std::thread thread;
  {
    const sync::MutexLock lock(mutex_);
    is_ending_ = true;
    wanted_.NotifyAll();
    thread = std::move(thread_);
  }
  if (thread.joinable()) thread.join();
}

bool Background::Start(Job job) {
  const sync::MutexLock lock(mutex_);
  State& state = StateOf(job);
  if (state.report.is_under_way) return false;
  if (!thread_.joinable()) {
    auto thread = sync::StartThread([this] { Work(); });
    state.report.has_failed = state.report.has_failed || !thread;
    if (!thread) return true;
    thread_ = *std::move(thread);
  }
  state.is_wanted = true;
  state.report.is_under_way = true;
  wanted_.NotifyOne();
  return true;
}

Background::Report Background::ReportOf(Job job) const {
  const sync::MutexLock lock(mutex_);
  return states_[static_cast<std::size_t>(job)].report;
}

std::int64_t Background::last_sync_s() const {
  const sync::MutexLock lock(mutex_);
  return last_sync_s_;
}

void Background::Work() {
  sync::MutexLock lock(mutex_);
  while (!is_ending_) {
    bool has_worked = false;
    for (const Job job : {Job::kCompaction, Job::kSync}) {
      State& state = StateOf(job);
      if (!std::exchange(state.is_wanted, false)) continue;
      mutex_.Unlock();
      const Status status = Perform(job);
      if (!status) {
        log_.Note(ServerLog::Kind::kBackgroundFailed,
                  std::string(job == Job::kSync ? "a sync" : "a compaction") + " failed: " + status.error().ToString());
      }
      mutex_.Lock();
      state.report.is_under_way = false;
      state.report.has_failed = !status;
      if (!status) ++state.report.failed;
      if (status) ++state.report.done;
      if (status && job == Job::kSync) last_sync_s_ = NowSeconds();
      has_worked = true;
    }
    if (!has_worked && !is_ending_) wanted_.Wait(mutex_);
  }
}

}  // namespace kvs::server
