// ExpiredEvents: the queue of expired keys between the engine and the clients that hear keyspace events.
//
// Design      The engine tells of a key under its append lock, where no pattern of a client may run. So Add() only
//             queues the key; a thread of this class publishes the queue.
// Threads     Call anything from any thread.
// Ordering    Keys are published in the order of Add(). A command publishes the queue before its own events, so that
//             the events of one key come in the order in which the engine changed it.
// Limits      kQueuedBytesMax. Keys beyond it are counted in dropped(), and have no event.
//
// Fences      E1  unpublished_: release decrement after publishing -> acquire load in Publish(), which returns early
//                 on 0. A command sees the increment of each key that expired before its own write, because both
//                 happened under the engine's append lock.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sync/mutex.h"

namespace kvs::server {

class ExpiredEvents {
 public:
  static constexpr std::size_t kQueuedBytesMax = std::size_t{16} << 20;

  // `publish` runs on any thread, for one key at a time.
  explicit ExpiredEvents(std::function<void(std::string_view key)> publish) : publish_(std::move(publish)) {}
  ~ExpiredEvents();

  // Starts a thread that publishes. Without it, or if there can be no thread, only Publish() does.
  void Start() KVS_EXCLUDES(mutex_);

  void Add(std::string_view key) KVS_EXCLUDES(mutex_);
  // When it returns, everything that was added before the call is published.
  void Publish() KVS_EXCLUDES(publishing_, mutex_);

  std::uint64_t dropped() const KVS_EXCLUDES(mutex_);

 private:
  void PublishUntilEnd() KVS_EXCLUDES(publishing_, mutex_);
  bool WaitForKeys() KVS_EXCLUDES(mutex_);

  const std::function<void(std::string_view key)> publish_;
  sync::Mutex publishing_;  // Held while keys are taken and published; taken before mutex_.

  mutable sync::Mutex mutex_;
  sync::ConditionVariable changed_;
  std::vector<std::string> keys_ KVS_GUARDED_BY(mutex_);
  std::size_t queued_bytes_ KVS_GUARDED_BY(mutex_) = 0;
  std::uint64_t dropped_ KVS_GUARDED_BY(mutex_) = 0;
  bool is_ending_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_ KVS_GUARDED_BY(mutex_);

  std::atomic<std::size_t> unpublished_{0};  // E1
};

}  // namespace kvs::server
