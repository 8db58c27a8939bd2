#include "store/committer.h"

#include <utility>

#include "base/check.h"
#include "base/try.h"

namespace kvs::store {

Committer::Committer(LiveLog& log, Health& health, const KvStoreOptions& options)
    : log_(log), health_(health), options_(options) {}

Committer::~Committer() { KVS_CHECK(!thread_.joinable()); }

void Committer::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Committer::Stop() {
  {
    const sync::MutexLock lock(mutex_);
    stops_ = true;
    wanted_.NotifyOne();
  }
  if (thread_.joinable()) thread_.join();
}

Status Committer::WaitUntilSynced(std::uint64_t position) {
  // Lives as long as the thread: the committer may still be inside release() when the waiter is already on its way.
  thread_local Waiter waiter;
  {
    const sync::MutexLock lock(mutex_);
    if (synced_position_ >= position) return Ok();
    if (stops_) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
    waiter.position = position;
    waiters_.push_back(&waiter);
    if (waiters_.size() == 1) wanted_.NotifyOne();
  }
  waiter.is_done.acquire();
  return std::exchange(waiter.status, Ok());
}

void Committer::Run() {
  std::vector<Waiter*> waiters;
  while (TakeWaiters(&waiters)) {
    const Status status = SyncOnce();
    for (Waiter* const waiter : waiters) {
      waiter->status = status;
      waiter->is_done.release();
    }
    waiters.clear();
  }
}

bool Committer::TakeWaiters(std::vector<Waiter*>* waiters) {
  const auto deadline = std::chrono::steady_clock::now() + options_.sync_interval;
  const bool syncs_by_itself = options_.sync == SyncPolicy::kInterval;
  const sync::MutexLock lock(mutex_);
  while (waiters_.empty() && !stops_) {
    if (!syncs_by_itself) {
      wanted_.Wait(mutex_);
    } else if (std::chrono::steady_clock::now() < deadline) {
      wanted_.WaitUntil(mutex_, deadline);
    } else {
      break;
    }
  }
  waiters->swap(waiters_);
  return !stops_ || !waiters->empty();
}

// Whoever was taken before this call appended before it, so the position that is read here covers them.
Status Committer::SyncOnce() {
  std::vector<LiveLog::Unsynced> unsynced;
  std::uint64_t position = 0;
  {
    const sync::MutexLock lock(log_.mutex);
    position = log_.position();
    unsynced = log_.UnsyncedSegments();
  }
  {
    const sync::MutexLock lock(mutex_);
    if (synced_position_ == position) return Ok();
  }
  KVS_TRY(health_.Check());
  {
    const sync::MutexLock lock(log_.mutex);
    log_.NoteSync();
  }
  for (const auto& [segment, used_bytes] : unsynced) {
    if (const Status status = segment->SyncUpTo(used_bytes); !status) {
      const sync::MutexLock lock(log_.mutex);
      return log_.Poison(status.error());
    }
  }
  syncs_.fetch_add(1, std::memory_order_relaxed);  // R1
  const sync::MutexLock lock(mutex_);
  synced_position_ = position;
  return Ok();
}

}  // namespace kvs::store
