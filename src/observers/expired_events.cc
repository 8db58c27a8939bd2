#include "observers/expired_events.h"

#include <utility>

#include "base/probe.h"
#include "sync/thread.h"

namespace kvs::server {
namespace {

constexpr std::size_t kKeyBytes = 64;  // What a queued key costs beside its bytes, about.

}  // namespace

ExpiredEvents::~ExpiredEvents() {
  std::thread thread;
  {
    const sync::MutexLock lock(mutex_);
    is_ending_ = true;
    changed_.NotifyAll();
    thread = std::move(thread_);
  }
  sync::Join(thread);
}

void ExpiredEvents::Start() {
  const sync::MutexLock lock(mutex_);
  if (thread_.joinable()) return;
  auto thread = sync::StartThread([this] { PublishUntilEnd(); });
  if (!thread) return;  // No room for a thread now: the commands with events publish.
  thread_ = *std::move(thread);
}

void ExpiredEvents::Add(std::string_view key) {
  const sync::MutexLock lock(mutex_);
  if (queued_bytes_ + key.size() + kKeyBytes > kQueuedBytesMax) {
    KVS_PROBE("events of expired keys are dropped");
    ++dropped_;
    return;
  }
  keys_.emplace_back(key);
  queued_bytes_ += key.size() + kKeyBytes;
  unpublished_.fetch_add(1, std::memory_order_relaxed);  // E1: the engine's lock orders it.
  if (keys_.size() == 1) changed_.NotifyOne();
}

void ExpiredEvents::Publish() {
  if (unpublished_.load(std::memory_order_acquire) == 0) return;  // E1
  const sync::MutexLock publishing(publishing_);
  std::vector<std::string> keys;
  {
    const sync::MutexLock lock(mutex_);
    keys.swap(keys_);
    queued_bytes_ = 0;
  }
  for (const std::string& key : keys) publish_(key);
  unpublished_.fetch_sub(keys.size(), std::memory_order_release);  // E1
}

void ExpiredEvents::PublishUntilEnd() {
  while (WaitForKeys()) Publish();
}

// False: it ends.
bool ExpiredEvents::WaitForKeys() {
  const sync::MutexLock lock(mutex_);
  while (keys_.empty() && !is_ending_) changed_.Wait(mutex_);
  return !is_ending_;
}

std::uint64_t ExpiredEvents::dropped() const {
  const sync::MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace kvs::server
