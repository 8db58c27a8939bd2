#include "store/tail/committer.h"

#include <algorithm>
#include <cerrno>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "sync/schedule.h"
#include "sync/thread.h"

namespace kvs::store {
namespace {

constexpr std::chrono::hours kIntervalMax{24 * 365};  // A longer one would overflow a point in time.

}  // namespace

Committer::Committer(LiveLog& log, Health& health, const KvStoreOptions& options)
    : log_(log), health_(health), options_(options) {}

Committer::~Committer() { KVS_CHECK(!thread_.joinable()); }

Status Committer::Start() {
  KVS_TRY_ASSIGN(thread_, sync::StartThread([this] { Run(); }));
  return Ok();
}

void Committer::Stop() {
  {
    const sync::MutexLock lock(mutex_);
    stops_ = true;
    wanted_.NotifyOne();
  }
  sync::Join(thread_);
}

Status Committer::WaitUntilSynced(std::uint64_t position) {
  // Lives as long as the thread, because the committer may still be inside Send() after Await() has returned.
  thread_local Waiter waiter;
  bool is_alone = false;
  {
    const sync::MutexLock lock(mutex_);
    if (synced_position_ >= position) return Ok();
    if (stops_) return Error{.code = ErrorCode::kPoisoned, .context = "the store is closing"};
    is_alone = !is_syncing_ && waiters_.empty();
    if (is_alone) is_syncing_ = true;
    if (!is_alone) waiters_.push_back(&waiter);
  }
  if (is_alone) {
    Status status = SyncOnce();
    EndSync();
    return status;
  }
  waiter.is_done.Await();
  return std::exchange(waiter.status, Ok());
}

void Committer::EndSync() {
  const sync::MutexLock lock(mutex_);
  is_syncing_ = false;
  const bool is_first_in_a_while = !std::exchange(needs_marks_, true);
  if (!waiters_.empty() || stops_ || is_first_in_a_while) wanted_.NotifyOne();
}

// --- The thread ---

void Committer::Run() {
  std::vector<Waiter*> waiters;
  while (true) {
    switch (NextTask(&waiters)) {
      case Task::kSync: Answer(&waiters, SyncOnce()); break;
      case Task::kTick: Tick(); break;
      case Task::kEnd: return;
    }
  }
}

Committer::Task Committer::NextTask(std::vector<Waiter*>* waiters) {
  const sync::MutexLock lock(mutex_);
  auto tick = NextTick();
  while (is_syncing_ || waiters_.empty()) {
    if (stops_ && !is_syncing_) return Task::kEnd;
    if (!tick) {
      wanted_.Wait(mutex_);
      tick = NextTick();
    } else if (sync::SteadyClock::now() < *tick) {
      wanted_.WaitUntil(mutex_, *tick);
    } else if (is_syncing_) {
      KVS_PROBE("tick of the committer falls into a sync");
      tick = NextTick();
    } else {
      is_syncing_ = true;
      return Task::kTick;
    }
  }
  waiters->swap(waiters_);
  is_syncing_ = true;
  return Task::kSync;
}

std::optional<Committer::Time> Committer::NextTick() const {
  const Time now = sync::SteadyClock::now();
  if (options_.sync == SyncPolicy::kInterval)
    return now + std::min<std::chrono::milliseconds>(options_.sync_interval, kIntervalMax);
  if (needs_marks_) return now + kRest;
  return std::nullopt;
}

void Committer::Tick() {
  std::uint64_t position = 0;
  {
    const AppendLock::Held held(log_.lock);
    position = log_.tail.position(held);
  }
  bool is_synced = false;
  {
    const sync::MutexLock lock(mutex_);
    is_synced = synced_position_ == position;
  }
  if (is_synced) {
    MarkSynced();
  } else if (options_.sync == SyncPolicy::kInterval) {
    static_cast<void>(SyncOnce().has_value());  // A failed sync poisons the store, so the next write reports it.
  }
  const sync::MutexLock lock(mutex_);
  is_syncing_ = false;
  needs_marks_ = false;
}

void Committer::Answer(std::vector<Waiter*>* waiters, const Status& status) {
  const std::size_t writers = waiters->size() + waiting();
  if (writers == 1) EndSync();  // A lone writer can then sync on its own thread.
  for (Waiter* const waiter : *waiters) {
    waiter->status = status;
    waiter->is_done.Send();
  }
  waiters->clear();
  if (writers == 1) return;
  if (!yield_backoff_.TakeSkip()) YieldToWriters(writers);
  EndSync();
}

// Yields instead of waiting for a time: the writers come within a few microseconds, and need the processor for that.
void Committer::YieldToWriters(std::size_t writers) {
  for (int i = 0; i < kGatherYields; ++i) {
    if (waiting() >= writers) {
      KVS_PROBE("all writers came for the next sync");
      yield_backoff_.NoteSuccess();
      return;
    }
    sync::Yield();
  }
  KVS_PROBE("writers stayed away from the next sync");
  yield_backoff_.NoteFailure();
}

// --- A sync ---

Status Committer::SyncOnce() {
  return base::OrNoMemory([&] { return TrySync(); });
}

// All writers that wait for this sync appended before it began. So the position that is read here covers them.
Status Committer::TrySync() {
  KVS_TRY(health_.Check());
  LogTail::Unsynced unsynced;
  {
    const AppendLock::Held held(log_.lock);
    unsynced = log_.tail.BeginSync(held);
  }
  for (const auto& [segment, used_bytes] : unsynced.parts) {
    if (const Status status = segment->SyncUpTo(used_bytes); !status) {
      const AppendLock::Held held(log_.lock);
      KVS_PROBE("sync failed");
      return log_.space.Poison(held, status.error());
    }
  }
  syncs_.fetch_add(1, std::memory_order_relaxed);  // R1
  const sync::MutexLock lock(mutex_);
  synced_position_ = unsynced.position;
  return Ok();
}

// A failure loses nothing, because the records are synced. The next sync reports it.
void Committer::MarkSynced() {
  if (health_.is_poisoned()) return;
  LogTail::Unsynced unsynced;
  {
    const AppendLock::Held held(log_.lock);
    unsynced = log_.tail.UnsyncedSegments(held);
  }
  for (const auto& [segment, used_bytes] : unsynced.parts) {
    if (!segment->MarkSynced()) return;
  }
}

}  // namespace kvs::store
