// Store, the part that removes expired pairs: a thread that looks at keys when they are due, and buries those whose
// time has come by the ExpiryClock. A tombstone, as after Remove(), keeps what the pair had replaced from coming back.
// The thread tends the clock as well: it tells of steps of the wall clock, and saves what the clock of spans needs.
//
// Who is told that a pair has expired (ExpiryListener) is told under the append lock, where whatever replaces the pair
// sees that its time had come (Replaced()): so once for each, and before anything that is written to its key later.
#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/tunable.h"
#include "log/file_names.h"
#include "store/segments/store_files.h"
#include "store/store.h"

namespace kvs::store {
namespace {

KVS_TUNABLE(std::size_t, kKeysPerLock, 16, 2, 64);  // So that writers wait only shortly.
KVS_TUNABLE(std::size_t, kKeysPerGathering, 1'024, 1, 4'096);
constexpr std::uint64_t kGatherAgainMs = 60'000;
constexpr std::uint64_t kDueNow = 1;
KVS_TUNABLE(std::chrono::milliseconds, kLookAgain, 1'000, 1, 2'000);
constexpr std::chrono::milliseconds kLookAtClocks{10'000};

// What is there so long after its time was not noted, or did not fit.
constexpr std::uint64_t kOverdueMs = 1'000;

}  // namespace

// The record of the key has been appended; `former` is the expiry of the record before it.
void Store::NoteExpiry(std::string_view key, Expiry expiry, Expiry former) {
  if (expiry == kNoExpiry) return;
  ++expiring_;
  const bool is_noted = former != kNoExpiry && former.kind() == expiry.kind() && former <= expiry &&
                        expiry_.IsWhole(former, former.kind());
  if (is_noted) return;  // The key will be looked at before its time, and noted again then.
  const std::uint64_t first_ms = expiry_.first_ms(expiry.kind());
  expiry_.Add(key, expiry, expiry.kind());
  const bool is_first_span = expiry.kind() == ExpiryKind::kSpan && !std::exchange(has_spans_, true);
  if (is_first_span || expiry_.first_ms(expiry.kind()) != first_ms) expiry_changed_.NotifyOne();
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
  try {
    if (expiry_listener_) expiry_listener_(key);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the record is written, the listener was not told.
    KVS_PROBE("no memory to tell of an expired pair");
  }
}

// A reader waits for nobody. Where the lock is taken, the next one that finds the pair may note it.
void Store::NoteFoundExpired(const log::Record& record) {
  const bool is_active = expires_actively_.load(std::memory_order_relaxed);  // R1
  if (is_active && !clock_.IsPast({record.expiry_ms + kOverdueMs, record.expiry_kind})) return;
  std::string key(record.key);
  if (!log_.mutex.TryLock()) return;
  KVS_PROBE_IF(found_expired_.size() >= kFoundExpiredMax, "readers found too many expired pairs");
  if (found_expired_.size() < kFoundExpiredMax) found_expired_.push_back(std::move(key));
  log_.mutex.Unlock();
  expiry_changed_.NotifyOne();
}

void Store::RunExpirer() {
  bool has_failed = false;
  while (WaitForDue()) {
    const Status status = RemoveDueIfMemory();
    if (!status && !has_failed && options_.log) {
      options_.log("expired pairs could not be removed: " + status.error().ToString());
    }
    if (status && has_failed && options_.log) options_.log("expired pairs are removed again");
    has_failed = !status.has_value();
    if (has_failed && !WaitAfterFailure()) return;
  }
}

// Until something is due, or the clocks are to be looked at. False: the store closes.
bool Store::WaitForDue() {
  const sync::MutexLock lock(log_.mutex);
  if (is_expirer_stopped_ || !found_expired_.empty() || (has_spans_ && IsClockFileDue())) return !is_expirer_stopped_;
  const bool is_active = expires_actively_.load(std::memory_order_relaxed);  // R1
  if (is_active && gather_from_) return true;
  std::uint64_t wait_ms = kLookAtClocks.count();
  if (const auto left_ms = expiry_.LeftMs(clock_.Times()); is_active && left_ms) {
    wait_ms = std::min<std::uint64_t>(*left_ms, kLookAgain.count());
  }
  if (wait_ms == 0) return true;
  expiry_changed_.WaitUntil(log_.mutex, std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms));
  return !is_expirer_stopped_;
}

// --- The clocks ---

bool Store::IsClockFileDue() const {
  if (health_.is_poisoned() || !clock_.NeedsSaving()) return false;
  return std::chrono::steady_clock::now() >= clock_file_retry_at_;
}

void Store::TendClock() {
  TellSteps();
  {
    const sync::MutexLock lock(log_.mutex);
    if (!has_spans_ || !IsClockFileDue()) return;
  }
  SaveClock();
}

// Several that come soon one after the other are told as one.
void Store::TellSteps() {
  const auto now = std::chrono::steady_clock::now();
  if (now < steps_told_until_) return;
  const ExpiryClock::Steps steps = clock_.TakeSteps();
  if (steps.count == 0) return;
  KVS_PROBE("wall clock was set");
  steps_told_until_ = now + kLookAtClocks;
  if (!options_.log) return;
  options_.log("the wall clock was set by " + std::to_string(steps.sum_ms) + " ms in " + std::to_string(steps.count) +
               (steps.count == 1 ? " step" : " steps") +
               ": pairs that expire at a point in time follow it, spans of time keep their length");
}

void Store::SaveClock() {
  const Status saved = clock_file_is_foreign_ ? Ok() : WriteClockFile(files_, directory_, clock_.Snapshot());
  KVS_PROBE_IF(!saved, "clock file is not written");
  if (saved) {
    clock_.NoteSaved();
  } else if (clock_file_retry_at_ == std::chrono::steady_clock::time_point{} && options_.log) {
    options_.log("the clock of spans of time is not saved: " + saved.error().ToString());
  }
  clock_file_retry_at_ =
      saved ? std::chrono::steady_clock::time_point{} : std::chrono::steady_clock::now() + kLookAgain;
}

// Without the file the clock goes on from the wall clock.
void Store::LoadClock() {
  const std::filesystem::path path = log::ClockPath(directory_);
  const auto exists = files_.Exists(path);
  if (!exists || !*exists) return clock_.Start(std::nullopt);
  auto saved = ReadClockFile(files_, directory_);
  {
    const sync::MutexLock lock(log_.mutex);
    has_spans_ = true;
  }
  KVS_PROBE_IF(!saved, "clock file is not readable");
  if (!saved && options_.log) options_.log("the clock of spans of time begins anew: " + saved.error().ToString());
  clock_file_is_foreign_ = !saved && saved.error().code == ErrorCode::kUnsupported;
  clock_.Start(saved ? std::optional(*saved) : std::nullopt);
}

bool Store::WaitAfterFailure() {
  KVS_PROBE("expirer rests after a failure");
  const auto deadline = std::chrono::steady_clock::now() + kLookAgain;
  const sync::MutexLock lock(log_.mutex);
  while (!is_expirer_stopped_ && std::chrono::steady_clock::now() < deadline) {
    expiry_changed_.WaitUntil(log_.mutex, deadline);
  }
  return !is_expirer_stopped_;
}

Status Store::RemoveDueIfMemory() {
  return base::OrNoMemory([&] {
    TendClock();
    GatherMissing();
    return RemoveDue();
  });
}

// What could not be removed is noted again.
Status Store::RemoveDue() {
  Status status = Ok();
  std::optional<Error> damage;
  {
    const sync::MutexLock lock(log_.mutex);
    for (const std::string& key : TakeDue()) {
      if (status) status = RemoveIfExpired(key, &damage);
      if (!status) expiry_.Add(key, kDueNow, ExpiryKind::kPoint);
    }
  }
  if (damage) TellDamage("an expired pair stays: ", *damage);
  return status;
}

// The first time: where one record is damaged there may be thousands.
void Store::TellDamage(const std::string& what, const Error& damage) {
  if (options_.log && !std::exchange(has_told_damage_, true)) options_.log(what + damage.ToString());
}

// Half of the turn is for what readers have found, so that neither waits for the other.
std::vector<std::string> Store::TakeDue() {
  std::vector<std::string> due;
  while (!found_expired_.empty() && due.size() < kKeysPerLock / 2) {
    due.push_back(std::move(found_expired_.back()));
    found_expired_.pop_back();
  }
  if (!expires_actively_.load(std::memory_order_relaxed)) return due;  // R1
  for (std::string& key : expiry_.TakeDue(clock_.Times(), kKeysPerLock - due.size())) due.push_back(std::move(key));
  return due;
}

// A record decides only if every byte of it is right. A damaged one stays as it is, for readers to report.
Status Store::RemoveIfExpired(std::string_view key, std::optional<Error>* damage) {
  KVS_TRY(log_.MakeRoom(log::kRecordHeaderBytesMax + key.size(), Purpose::kExpire));
  log::Record record{};
  const index::LookUp found =
      index_.Find(key, [&](base::Location location) { return records_.ReadIfSame(location, key, record); });
  if (found.outcome == index::Outcome::kDamaged) {
    KVS_PROBE("expired pair is damaged");
    *damage = records_.DamageAt(found.location);
    return Ok();
  }
  if (found.outcome == index::Outcome::kAbsent || record.expiry_ms == kNoExpiry) return Ok();
  if (IsExpired(record)) return Bury(key, found.location).status;
  KVS_PROBE("pair expires later than noted");
  expiry_.Add(key, record.expiry_ms, record.expiry_kind);
  return Ok();
}

void Store::ForgetExpired(base::Location location) {
  const std::optional<log::Record> record = records_.Decode(location);
  if (record && index_.EraseExact(record->key, location)) Replaced(location);
}

// One step of a walk over all pairs, which notes those with an expiry. Only where more expires than can be noted.
void Store::GatherMissing() {
  std::string from;
  {
    const sync::MutexLock lock(log_.mutex);
    if (!gather_from_ && !expiry_.IsMissingDue(clock_.Times())) return;
    if (!gather_from_) {
      KVS_PROBE("expiries are gathered from all pairs");
      expiry_.Clear();
      gather_from_.emplace();
    }
    from = *gather_from_;
  }
  ExpiryIndex found;
  std::size_t visited = 0;
  std::string last;
  const index::ScanResult scanned = index_.Scan({.from = from}, [&](std::string_view key, base::Location location) {
    const std::optional<log::Record> record = records_.Decode(location);
    if (record && record->expiry_ms != kNoExpiry) found.Add(key, record->expiry_ms, record->expiry_kind);
    last = key;
    return ++visited < kKeysPerGathering;
  });
  const bool is_damaged = scanned.outcome == index::Outcome::kDamaged;
  if (is_damaged) TellDamage("what expires is not all known: ", records_.DamageAt(scanned.location));
  const sync::MutexLock lock(log_.mutex);
  expiry_.Add(found);
  gather_from_.reset();
  if (is_damaged) {
    KVS_PROBE("gathering meets a damaged record");
    expiry_.NoteMissing(clock_.Times().point_ms + kGatherAgainMs, ExpiryKind::kPoint);
  } else if (visited == kKeysPerGathering) {
    KVS_PROBE("gathering goes on in a further step");
    gather_from_ = last + '\0';
  }
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
