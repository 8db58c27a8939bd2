#include "observers/expiries.h"

#include "kvs/engine.h"

namespace kvs::server {

void Expiries::Forget(const std::string& key) {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return;
  by_time_.erase({found->second, key});
  by_key_.erase(found);
}

void Expiries::Look() {
  next_ms_.store(by_time_.empty() ? kNever : by_time_.begin()->first, std::memory_order_relaxed);  // R1
}

void Expiries::Note(std::string_view key, std::uint64_t expiry_ms) {
  const sync::MutexLock lock(mutex_);
  std::string name(key);
  Forget(name);
  if (expiry_ms != kNoExpiry) {
    by_time_.emplace(expiry_ms, name);
    by_key_.emplace(std::move(name), expiry_ms);
    if (by_key_.size() > kKeysMax) Forget(std::string(by_time_.rbegin()->second));
  }
  Look();
}

void Expiries::Clear() {
  const sync::MutexLock lock(mutex_);
  by_key_.clear();
  by_time_.clear();
  Look();
}

std::vector<std::string> Expiries::TakeDue(std::uint64_t now_ms, std::size_t keys_max) {
  std::vector<std::string> due;
  const sync::MutexLock lock(mutex_);
  while (due.size() < keys_max && !by_time_.empty() && by_time_.begin()->first <= now_ms) {
    due.push_back(by_time_.begin()->second);
    by_key_.erase(due.back());
    by_time_.erase(by_time_.begin());
  }
  Look();
  return due;
}

}  // namespace kvs::server
