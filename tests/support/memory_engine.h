// MemoryEngine: a whole KvsEngine on a std::map, for tests of the code above an engine.
//
// Threads     Call anything from any thread: one mutex. Call-backs run under it, so they must not call the engine.
// Durability  None. A test decides what Sync() answers, and counts its calls.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "kvs/engine.h"

namespace kvs::test {

class MemoryEngine : public KvsEngine {
 public:
  std::string_view Name() const override { return "memory"; }

  Status Set(std::string_view key, std::string_view value) override {
    if (Status checked = CheckPair(key, value); !checked) return checked;
    const std::lock_guard lock(mutex_);
    pairs_.insert_or_assign(std::string(key), std::string(value));
    return Ok();
  }

  Result<std::optional<std::string>> Get(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto found = pairs_.find(key);
    if (found == pairs_.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }

  Status Remove(std::string_view key) override {
    const std::lock_guard lock(mutex_);
    const auto found = pairs_.find(key);
    if (found == pairs_.end()) return Error{.code = ErrorCode::kKeyNotFound};
    pairs_.erase(found);
    return Ok();
  }

  Result<bool> Read(std::string_view key, ValueVisitor visit) override {
    const std::lock_guard lock(mutex_);
    const auto found = pairs_.find(key);
    if (found == pairs_.end()) return false;
    visit(found->second);
    return true;
  }

  Status Write(const WriteBatch& batch) override {
    if (batch.has_expiry()) return NoExpiryHere();
    for (const auto& operation : batch.operations()) {
      if (Status checked = CheckPair(operation.key, operation.value.value_or("")); !checked) return checked;
    }
    const std::lock_guard lock(mutex_);
    for (const auto& operation : batch.operations()) Apply(operation.key, operation.value);
    return Ok();
  }

  Status Update(std::string_view key, UpdateFunction fn) override {
    const std::lock_guard lock(mutex_);
    const auto found = pairs_.find(key);
    const UpdateDecision decision =
        fn(found == pairs_.end() ? std::nullopt : std::optional<std::string_view>(found->second));
    if (decision.keeps()) return Ok();
    Apply(std::string(key), decision.removes() ? std::nullopt : std::optional(decision.value()));
    return Ok();
  }

  Status Scan(const ScanRange& range, ScanVisitor visit) override {
    const std::lock_guard lock(mutex_);
    const auto first = pairs_.lower_bound(std::max(range.from, range.prefix));
    auto last = first;
    while (last != pairs_.end() && last->first.starts_with(range.prefix) && (!range.to || last->first < *range.to)) {
      ++last;
    }
    std::size_t left = range.limit;
    const auto goes_on = [&](const auto& pair) { return left-- > 0 && visit(pair.first, pair.second); };
    if (range.reverse) {
      std::all_of(std::make_reverse_iterator(last), std::make_reverse_iterator(first), goes_on);
    } else {
      std::all_of(first, last, goes_on);
    }
    return Ok();
  }

  Status Sync() override {
    const std::lock_guard lock(mutex_);
    ++syncs_;
    return sync_result_;
  }

  Status Compact() override { return Ok(); }

  Result<EngineStats> Stats() override {
    const std::lock_guard lock(mutex_);
    EngineStats stats;
    stats.keys = pairs_.size();
    stats.syncs = syncs_;
    return stats;
  }

  // The answer of every Sync() from now on.
  void AnswerSyncWith(Status result) {
    const std::lock_guard lock(mutex_);
    sync_result_ = std::move(result);
  }
  std::uint64_t syncs() const {
    const std::lock_guard lock(mutex_);
    return syncs_;
  }

 private:
  void Apply(const std::string& key, const std::optional<std::string>& value) {
    if (value) {
      pairs_.insert_or_assign(key, *value);
    } else {
      pairs_.erase(key);
    }
  }

  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> pairs_;  // Guarded by mutex_, as all below.
  std::uint64_t syncs_ = 0;
  Status sync_result_ = Ok();
};

}  // namespace kvs::test
