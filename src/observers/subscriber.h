// Subscriber: a client as senders of messages know it: its subscriptions, its outbox, its version of RESP.
//
// Threads     Of the connection's thread, but for the parts marked otherwise.
//
// Fences      R1  the atomics: relaxed. Figures for CLIENT LIST, and is_killed, which the connection looks at when the
//                 closing of its socket has made it ready.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/outbox.h"

namespace kvs::server {

enum class Subscription : std::uint8_t { kChannel, kPattern, kShardChannel };
inline constexpr std::size_t kSubscriptionKinds = 3;

// The names that a client has subscribed to, by kind.
struct Subscriptions {
  std::array<std::set<std::string, std::less<>>, kSubscriptionKinds> names;

  std::set<std::string, std::less<>>& of(Subscription kind) { return names[static_cast<std::size_t>(kind)]; }
  // The count in the reply, as Redis has it: channels and patterns together, shard channels for themselves.
  std::size_t CountWith(Subscription kind) const {
    if (kind == Subscription::kShardChannel) return names[2].size();
    return names[0].size() + names[1].size();
  }
};

enum class TrackingChoice : std::uint8_t { kAllReads, kOptIn, kOptOut };

struct TrackingOptions {
  bool is_broadcast = false;
  bool is_no_loop = false;
  TrackingChoice choice = TrackingChoice::kAllReads;
  std::uint64_t redirect = 0;  // A client's id; 0: to itself.
  std::vector<std::string> prefixes{};
};

struct TrackingState {
  bool is_on = false;
  TrackingOptions options{};            // Written under the mutex of Tracking.
  std::set<std::string> prefixes{};     // Of is_broadcast. Guarded by the same.
  bool has_chosen = false;              // CLIENT CACHING: for the next command.
  std::atomic<bool> is_broken{false};   // R1. The client of `redirect` is gone.
  std::atomic<std::int64_t> shown{-1};  // R1. For CLIENT LIST: `redirect`; -1: tracking is off.
};

struct Subscriber {
  Subscriber(std::uint64_t client_id, std::shared_ptr<Outbox> client_outbox)
      : id(client_id), outbox(std::move(client_outbox)) {}

  // The client is sent messages without asking, so it need not send anything itself: no idle timeout applies. Of the
  // connection's thread, or its loop between two turns.
  bool may_be_idle() const {
    return is_subscribed || tracking.is_on || is_monitor.load(std::memory_order_relaxed);  // R1
  }
  // As is_subscribed, from any thread.
  bool has_subscriptions() const {
    return std::any_of(subscription_counts.begin(), subscription_counts.end(),
                       [](const auto& count) { return count.load(std::memory_order_relaxed) > 0; });  // R1
  }

  // Before memory is taken for longer than a command. Throws if the limit of the clients' memory leaves no room.
  void Grow(std::size_t bytes) {
    if (outbox->account() != nullptr) outbox->account()->Grow(bytes);
  }
  // In the tables of both sides, about.
  static std::size_t KeptBytes(std::string_view kept) { return 200 + 2 * kept.size(); }
  // The same, until the client lets go of it.
  void Keep(std::size_t bytes) {
    Grow(bytes);
    kept_bytes += bytes;
  }
  void LetGo(std::size_t bytes) { kept_bytes -= bytes; }
  void Keep(std::string_view kept) { Keep(KeptBytes(kept)); }
  void LetGo(std::string_view kept) { LetGo(KeptBytes(kept)); }

  // Constant after construction.
  const std::uint64_t id;
  const std::shared_ptr<Outbox> outbox;  // Where others leave what is for this client.

  // Of the connection's thread.
  std::size_t kept_bytes = 0;                    // Of its names, and of all names that it listens to.
  bool is_subscribed = false;                    // To anything. PubSub keeps it.
  std::unique_ptr<Subscriptions> subscriptions;  // Made by the first.
  TrackingState tracking;

  // Atomics, all R1.
  std::atomic<bool> is_killed{false};
  std::atomic<bool> is_monitor{false};
  std::atomic<int> resp_version{2};
  std::array<std::atomic<std::size_t>, kSubscriptionKinds> subscription_counts{};
};

}  // namespace kvs::server
