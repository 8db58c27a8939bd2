// Tracking: the keys that clients cache, and the messages to those clients when a key changes (CLIENT TRACKING).
//
// Design      A table of the keys that each tracking client has read, and one of the prefixes that others (BCAST) want
//             to hear of. The keys of a command are remembered before it reads them, so that no write in between is
//             missed. A write tells the clients of its key once, and forgets them. Keys of a prefix are gathered, each
//             once, and sent in one message after the turns of the loop.
// Threads     Call anything from any thread; calls about a client, from its own.
// Ownership   A client leaves before it ends.
// Limits      keys_max, and bytes_max of the keys that were read: beyond one of them some key is given up, and the
//             clients that have read it are told that it changed.
//
// Fences      R1  has_gathered_: relaxed. The thread that has set it looks itself; what others set, they send.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/seeded_hash.h"
#include "kvs/function_ref.h"
#include "observers/observers.h"
#include "observers/subscriber.h"
#include "sync/mutex.h"

namespace kvs::server {

// Visits the client of that id, which stays meanwhile. False: there is none.
using FindSubscriber = std::function<bool(std::uint64_t id, FunctionRef<void(Subscriber& client)> visit)>;

class Tracking {
 public:
  struct Counts {
    std::size_t clients;
    std::size_t keys;
    std::size_t items;
    std::size_t prefixes;
  };

  Tracking(Observers& observers, FindSubscriber find) : observers_(observers), find_(std::move(find)) {}

  // If the client has prefixes, adds to them.
  void Enter(Subscriber& client, const TrackingOptions& options) KVS_EXCLUDES(mutex_);
  void Leave(Subscriber& client) KVS_EXCLUDES(mutex_);

  // The client is about to read the key.
  void Remember(const Subscriber& client, std::string_view key) KVS_EXCLUDES(mutex_);
  // The key has changed, by the hand of client `writer`; 0: nobody's.
  void Invalidate(std::string_view key, std::uint64_t writer) KVS_EXCLUDES(mutex_);
  void InvalidateAll() KVS_EXCLUDES(mutex_);
  // Sends what was gathered for prefixes. A turn that has invalidated keys calls it, before it answers.
  void SendBroadcasts() KVS_EXCLUDES(mutex_) {
    if (has_gathered_.load(std::memory_order_relaxed)) [[unlikely]]
      SendGathered();  // R1
  }

  void set_keys_max(std::size_t keys) KVS_EXCLUDES(mutex_);
  void set_bytes_max(std::size_t bytes) KVS_EXCLUDES(mutex_);
  Counts counts() const KVS_EXCLUDES(mutex_);

 private:
  // The keys of a prefix that have changed, each with its writer; 0: nobody's, or several.
  using Gathered = std::map<std::string, std::uint64_t, std::less<>>;

  void SendGathered() KVS_EXCLUDES(mutex_);
  // `keys`: in, what has changed; nullptr: all keys.
  void Tell(Subscriber& client, const std::vector<std::string_view>* keys) KVS_REQUIRES(mutex_);
  void InvalidateRead(const std::string& key, std::uint64_t writer) KVS_REQUIRES(mutex_);
  void Gather(const std::string& prefix, std::string_view key, std::uint64_t writer) KVS_REQUIRES(mutex_);
  void GiveUpKeys() KVS_REQUIRES(mutex_);
  void ForgetReaders() KVS_REQUIRES(mutex_);

  Observers& observers_;
  const FindSubscriber find_;
  mutable sync::Mutex mutex_;
  std::map<std::uint64_t, Subscriber*> tracking_ KVS_GUARDED_BY(mutex_);
  base::SeededMap<std::set<std::uint64_t>> readers_ KVS_GUARDED_BY(mutex_);                       // By key; ids.
  std::map<std::string, std::set<std::uint64_t>, std::less<>> listeners_ KVS_GUARDED_BY(mutex_);  // By prefix.
  std::map<std::string, Gathered> gathered_ KVS_GUARDED_BY(mutex_);                               // By prefix.
  std::atomic<bool> has_gathered_{false};                                                         // R1
  std::size_t readers_bytes_ KVS_GUARDED_BY(mutex_) = 0;                                          // Of readers_, about.
  std::size_t keys_max_ KVS_GUARDED_BY(mutex_) = 1'000'000;                                       // 0: any number.
  std::size_t bytes_max_ KVS_GUARDED_BY(mutex_) = 0;                                              // The same.
};

}  // namespace kvs::server
