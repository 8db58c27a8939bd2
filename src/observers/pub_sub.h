// PubSub: the listeners of each channel, and the messages to them.
//
// Design      One table for each kind of subscription, under one mutex: publishing appends the message to the outbox of
//             each listener, in the version of the protocol that it speaks. Each client remembers its own subscriptions
//             for itself (Subscriptions).
// Threads     Call anything from any thread; calls about a client, from its own.
// Ordering    All listeners of a channel get its messages in the same order, which keeps the order of each publisher.
// Ownership   A client leaves every subscription before it ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/glob.h"
#include "base/seeded_hash.h"
#include "observers/subscriber.h"
#include "sync/mutex.h"

namespace kvs::server {

class PubSub {
 public:
  // False: it was subscribed, or was not. A pattern is one that base::Glob takes.
  bool Subscribe(Subscriber& client, Subscription kind, std::string_view name) KVS_EXCLUDES(mutex_);
  bool Unsubscribe(Subscriber& client, Subscription kind, std::string_view name) KVS_EXCLUDES(mutex_);
  void UnsubscribeAll(Subscriber& client) KVS_EXCLUDES(mutex_);

  // How many listeners it was given to; one that listens in two ways counts twice.
  std::size_t Publish(std::string_view channel, std::string_view message) KVS_EXCLUDES(mutex_);
  std::size_t PublishToShard(std::string_view channel, std::string_view message) KVS_EXCLUDES(mutex_);

  // Names with at least one listener that match.
  std::vector<std::string> Names(Subscription kind, const base::Glob& pattern) const KVS_EXCLUDES(mutex_);
  std::size_t CountNames(Subscription kind) const KVS_EXCLUDES(mutex_);
  std::size_t CountListeners(Subscription kind, std::string_view name) const KVS_EXCLUDES(mutex_);

 private:
  struct Audience {
    std::set<Subscriber*> listeners{};
    std::optional<base::Glob> pattern{};  // The parsed name, of kPattern.
  };
  using Audiences = base::SeededMap<Audience>;

  Audiences& TableOf(Subscription kind) KVS_REQUIRES(mutex_) { return tables_[static_cast<std::size_t>(kind)]; }
  const Audiences& TableOf(Subscription kind) const KVS_REQUIRES(mutex_) {
    return tables_[static_cast<std::size_t>(kind)];
  }
  std::size_t Send(Subscription kind, std::string_view name, std::string_view word, std::string_view message)
      KVS_REQUIRES(mutex_);
  void Remove(Subscriber& client, Subscription kind, const std::string& name) KVS_REQUIRES(mutex_);

  mutable sync::Mutex mutex_;
  std::array<Audiences, kSubscriptionKinds> tables_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
