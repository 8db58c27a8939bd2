#include "keyspace/watch_table.h"

#include "base/hash.h"

namespace kvs::server {

WatchTable::Stripe& WatchTable::StripeOf(std::string_view key) { return stripes_[base::Hash64(key) % kStripes]; }

void WatchTable::Watch(std::string_view key, Watcher* watcher) {
  Stripe& stripe = StripeOf(key);
  const sync::MutexLock lock(stripe.mutex);
  if (!stripe.watchers[std::string(key)].insert(watcher).second) return;
  watched_.fetch_add(1, std::memory_order_relaxed);  // R1
}

void WatchTable::Forget(std::string_view key, Watcher* watcher) {
  Stripe& stripe = StripeOf(key);
  const sync::MutexLock lock(stripe.mutex);
  const auto found = stripe.watchers.find(key);
  if (found == stripe.watchers.end()) return;
  watched_.fetch_sub(found->second.erase(watcher), std::memory_order_relaxed);  // R1
  if (found->second.empty()) stripe.watchers.erase(found);
}

void WatchTable::set_is_listened(bool is_listened) {
  if (is_listened_.exchange(is_listened, std::memory_order_relaxed) == is_listened) return;  // R1
  if (is_listened) {
    watched_.fetch_add(1, std::memory_order_relaxed);  // R1
  } else {
    watched_.fetch_sub(1, std::memory_order_relaxed);  // R1
  }
}

void WatchTable::TouchWatched(std::string_view key, std::uint64_t expiry_ms, std::uint64_t writer) {
  if (is_listened_.load(std::memory_order_relaxed)) listener_->OnWrite(key, expiry_ms, writer);  // R1
  Stripe& stripe = StripeOf(key);
  const sync::MutexLock lock(stripe.mutex);
  const auto found = stripe.watchers.find(key);
  if (found == stripe.watchers.end()) return;
  for (Watcher* watcher : found->second) watcher->is_touched.store(true, std::memory_order_relaxed);  // R1
}

std::vector<std::string> WatchTable::WatchedKeys() {
  std::vector<std::string> keys;
  for (Stripe& stripe : stripes_) {
    const sync::MutexLock lock(stripe.mutex);
    for (const auto& [key, watchers] : stripe.watchers) keys.push_back(key);
  }
  return keys;
}

}  // namespace kvs::server
