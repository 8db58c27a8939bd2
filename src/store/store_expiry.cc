// Store, the part that removes expired pairs: a thread that looks at keys when they are due, and buries those whose
// time has come by the ExpiryClock, which no step of the wall clock moves. A tombstone, as after Remove(), keeps what
// the pair had replaced from coming back.
//
// Who is told that a pair has expired (ExpiryListener) is told under the append lock, where whatever replaces the pair
// sees that its time had come (Replaced()): so once for each, and before anything that is written to its key later.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace kvs::store {
namespace {

constexpr std::size_t kKeysPerLock = 16;  // So that writers wait only shortly.
constexpr std::chrono::milliseconds kLookAgain{1'000};

// What is there so long after its time was not noted, or did not fit.
constexpr std::uint64_t kOverdueMs = 1'000;
constexpr std::size_t kFoundExpiredMax = 1'024;

}  // namespace

// The record of the key has been appended; `noted_ms` is the expiry of the record before it, if that was noted.
void Store::NoteExpiry(std::string_view key, std::uint64_t expiry_ms, std::uint64_t noted_ms) {
  if (expiry_ms == kNoExpiry) return;
  const bool is_noted = noted_ms != kNoExpiry && noted_ms <= expiry_ms && !expiry_.has_dropped();
  if (is_noted) return;  // The key will be looked at before its time, and noted again then.
  const bool was_empty = expiry_.empty();
  const std::uint64_t next_ms = was_empty ? 0 : expiry_.next_ms();
  expiry_.Add(key, expiry_ms);
  if (!expiry_.empty() && (was_empty || expiry_.next_ms() < next_ms)) expiry_changed_.NotifyOne();
}

void Store::ListenToExpiry(ExpiryListener listener) {
  const sync::MutexLock lock(log_.mutex);
  expiry_listener_ = std::move(listener);
}

void Store::set_expires_actively(bool is_active) {
  {
    const sync::MutexLock lock(log_.mutex);
    expires_actively_.store(is_active, std::memory_order_relaxed);  // R1
  }
  expiry_changed_.NotifyAll();
}

void Store::TellExpired(std::string_view key) {
  ++expired_;
  if (expiry_listener_) expiry_listener_(key);
}

// A reader waits for nobody. Where the lock is taken, the next one that finds the pair may note it.
void Store::NoteFoundExpired(const log::Record& record) {
  const bool is_active = expires_actively_.load(std::memory_order_relaxed);  // R1
  if (is_active && record.expiry_ms + kOverdueMs > clock_.NowMs()) return;
  if (!log_.mutex.TryLock()) return;
  if (found_expired_.size() < kFoundExpiredMax) found_expired_.emplace_back(record.key);
  log_.mutex.Unlock();
  expiry_changed_.NotifyOne();
}

void Store::RunExpirer() {
  bool has_failed = false;
  while (WaitForDue()) {
    const Status status = RemoveDue();
    if (!status && !has_failed && options_.log) {
      options_.log("expired pairs could not be removed: " + status.error().ToString());
    }
    has_failed = !status.has_value();
    if (has_failed && !WaitAfterFailure()) return;
  }
}

// False: the store closes.
bool Store::WaitForDue() {
  const sync::MutexLock lock(log_.mutex);
  while (!is_expirer_stopped_) {
    if (!found_expired_.empty()) return true;
    if (expiry_.empty() || !expires_actively_.load(std::memory_order_relaxed)) {  // R1
      expiry_changed_.Wait(log_.mutex);
      continue;
    }
    const std::uint64_t now_ms = clock_.NowMs();
    if (expiry_.has_due(now_ms)) return true;
    const std::uint64_t left_ms = std::min<std::uint64_t>(expiry_.next_ms() - now_ms, kLookAgain.count());
    expiry_changed_.WaitUntil(log_.mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(left_ms));
  }
  return false;
}

bool Store::WaitAfterFailure() {
  const auto deadline = std::chrono::steady_clock::now() + kLookAgain;
  const sync::MutexLock lock(log_.mutex);
  while (!is_expirer_stopped_ && std::chrono::steady_clock::now() < deadline) {
    expiry_changed_.WaitUntil(log_.mutex, deadline);
  }
  return !is_expirer_stopped_;
}

// What could not be looked at is noted again.
Status Store::RemoveDue() {
  const sync::MutexLock lock(log_.mutex);
  std::vector<std::string> due;
  while (!found_expired_.empty() && due.size() < kKeysPerLock) {
    due.push_back(std::move(found_expired_.back()));
    found_expired_.pop_back();
  }
  if (due.empty()) due = expiry_.TakeDue(clock_.NowMs(), kKeysPerLock);
  Status status = Ok();
  for (const std::string& key : due) {
    if (status) status = RemoveIfExpired(key);
    if (!status) expiry_.Add(key, clock_.NowMs());
  }
  return status;
}

Status Store::RemoveIfExpired(std::string_view key) {
  if (Status status = log_.MakeRoom(log::kRecordHeaderBytesMax + key.size(), Purpose::kRemove); !status) return status;
  const index::LookUp found = index_.Find(key);
  if (found.outcome == index::Outcome::kDamaged) return records_.DamageAt(found.location);
  if (found.outcome == index::Outcome::kAbsent) return Ok();
  const std::optional<log::Record> record = records_.Decode(found.location);
  if (!record || record->expiry_ms == kNoExpiry) return Ok();
  if (IsExpired(*record)) return Bury(key, found.location).status;
  expiry_.Add(key, record->expiry_ms);
  return Ok();
}

void Store::StopExpirer() {
  {
    const sync::MutexLock lock(log_.mutex);
    is_expirer_stopped_ = true;
  }
  expiry_changed_.NotifyAll();
  if (expirer_.joinable()) expirer_.join();
}

}  // namespace kvs::store
