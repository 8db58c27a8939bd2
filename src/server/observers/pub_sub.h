// PubSub: who listens to which channels, and the messages to them.
//
// Design      One table for each kind of subscription, under one mutex: publishing appends the message to the outbox of
//             each listener, in the version of the protocol that it speaks. Each client remembers its own subscriptions
//             for itself (Subscriptions).
// Threads     Call anything from any thread; what is about a client, from its own.
// Ordering    All listeners of a channel get its messages in the same order, in which each publisher's are in his.
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

#include "base/seeded_hash.h"
#include "server/glob.h"
#include "sync/mutex.h"

namespace kvs::server {

struct ClientState;

enum class Subscription : std::uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr std::size_t kSubscriptionKinds = 3;

// A client's own, by kind. Of its thread.
struct Subscriptions {
  std::array<std::set<std::string, std::less<>>, kSubscriptionKinds> names;

  std::set<std::string, std::less<>>& of(Subscription kind) { return names[static_cast<std::size_t>(kind)]; }
  // What Redis counts in the reply: channels and patterns together, shard channels for themselves.
  std::size_t CountWith(Subscription kind) const {
    if (kind == Subscription::kShardChannel) return names[2].size();
    return names[0].size() + names[1].size();
  }
};

class PubSub {
 public:
  // False: it was subscribed, or was not. A pattern is one that Glob takes.
  bool Subscribe(ClientState& client, Subscription kind, std::string_view name) KVS_EXCLUDES(mutex_);
  bool Unsubscribe(ClientState& client, Subscription kind, std::string_view name) KVS_EXCLUDES(mutex_);
  void UnsubscribeAll(ClientState& client) KVS_EXCLUDES(mutex_);

  // How many listeners it was given to; one that listens in two ways counts twice.
  std::size_t Publish(std::string_view channel, std::string_view message) KVS_EXCLUDES(mutex_);
  std::size_t PublishToShard(std::string_view channel, std::string_view message) KVS_EXCLUDES(mutex_);

  // Names with at least one listener that match.
  std::vector<std::string> Names(Subscription kind, const Glob& pattern) const KVS_EXCLUDES(mutex_);
  std::size_t CountNames(Subscription kind) const KVS_EXCLUDES(mutex_);
  std::size_t CountListeners(Subscription kind, std::string_view name) const KVS_EXCLUDES(mutex_);

 private:
  struct Audience {
    std::set<ClientState*> listeners{};
    std::optional<Glob> pattern{};  // What a name of kPattern means.
  };
  using Audiences = base::SeededMap<Audience>;

  Audiences& TableOf(Subscription kind) KVS_REQUIRES(mutex_) { return tables_[static_cast<std::size_t>(kind)]; }
  const Audiences& TableOf(Subscription kind) const KVS_REQUIRES(mutex_) {
    return tables_[static_cast<std::size_t>(kind)];
  }
  std::size_t Send(Subscription kind, std::string_view name, std::string_view word, std::string_view message)
      KVS_REQUIRES(mutex_);
  void Remove(ClientState& client, Subscription kind, const std::string& name) KVS_REQUIRES(mutex_);

  mutable sync::Mutex mutex_;
  std::array<Audiences, kSubscriptionKinds> tables_ KVS_GUARDED_BY(mutex_);
};

}  // namespace kvs::server
