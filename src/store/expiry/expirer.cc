#include "store/expiry/expirer.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "sync/schedule.h"
#include "sync/thread.h"

namespace kvs::store {
namespace {

KVS_TUNABLE(std::size_t, kKeysPerLock, 16, 2, 64);  // Few, because writers wait meanwhile.
KVS_TUNABLE(std::size_t, kKeysPerGathering, 1'024, 1, 4'096);
constexpr std::uint64_t kGatherAgainMs = 60'000;
constexpr std::uint64_t kDueNow = 1;
KVS_TUNABLE(std::chrono::milliseconds, kLookAgain, 1'000, 1, 2'000);
constexpr std::chrono::milliseconds kLookAtClocks{10'000};

// A pair that is still there this long after its time is probably missing from the notes.
constexpr std::uint64_t kOverdueMs = 1'000;

}  // namespace

// --- Opening and closing ---

void Expirer::LoadClock() {
  const bool had_spans = clock_keeper_.Load() == ClockKeeper::Found::kFile;
  const AppendLock::Held held(parts_.log.lock);
  has_spans_ = had_spans;
}

void Expirer::Begin(const AppendLock::Held&, const ExpiryIndex& notes, std::uint64_t expiring) {
  found_.reserve(kFoundMax);
  notes_.Add(notes);
  figures_.expiring = expiring;
  has_spans_ = has_spans_ || notes_.has_spans();
}

Status Expirer::Start() {
  KVS_TRY_ASSIGN(thread_, sync::StartThread([this] { RunThread(); }));
  return Ok();
}

void Expirer::Stop() {
  {
    const AppendLock::Held held(parts_.log.lock);
    is_stopped_ = true;
  }
  changed_.NotifyAll();
  sync::Join(thread_);
}

void Expirer::SaveClock() {
  {
    const AppendLock::Held held(parts_.log.lock);
    if (!has_spans_) return;
  }
  clock_keeper_.Save();
}

const ExpiryIndex& Expirer::NotesToSave(const AppendLock::Held&) {
  if (gather_from_) {
    for (const ExpiryKind kind : {ExpiryKind::kPoint, ExpiryKind::kSpan}) notes_.NoteMissing(0, kind);
  }
  return notes_;
}

// --- Notes ---

void Expirer::NoteWritten(const AppendLock::Held&, std::string_view key, Expiry expiry, Expiry former) {
  if (expiry == kNoExpiry) return;
  ++figures_.expiring;
  const bool is_noted = former != kNoExpiry && former.kind() == expiry.kind() && former <= expiry &&
                        notes_.IsWhole(former, former.kind());
  if (is_noted) return;  // The thread will look at the key earlier than that, and note it again.
  const std::uint64_t first_ms = notes_.first_ms(expiry.kind());
  notes_.Add(key, expiry, expiry.kind());
  const bool is_first_span = expiry.kind() == ExpiryKind::kSpan && !std::exchange(has_spans_, true);
  if (is_first_span || notes_.first_ms(expiry.kind()) != first_ms) changed_.NotifyOne();
}

// The count stops at 0: a damaged record may have made it wrong.
void Expirer::NoteReplaced(const AppendLock::Held&, const log::Record& record) {
  figures_.expiring -= std::min<std::uint64_t>(figures_.expiring, 1);
  if (!parts_.clock.HasExpired(record)) return;
  ++figures_.expired;
  CallListener(record.key);
}

void Expirer::CallListener(std::string_view key) {
  try {
    if (listener_) listener_(key);
  } catch (const std::bad_alloc&) {  // NOLINT(bugprone-empty-catch): the record is written, the listener was not told.
    KVS_PROBE("no memory to tell of an expired pair");
  }
}

// If another thread has the lock, the next reader that finds the pair may note it.
void Expirer::NoteFound(const log::Record& record) {
  if (is_active() && !parts_.clock.IsPast({record.expiry_ms + kOverdueMs, record.expiry_kind})) return;
  std::string key(record.key);
  const bool is_noted = parts_.log.lock.CallIfFree([&](const AppendLock::Held&) {
    KVS_PROBE_IF(found_.size() >= kFoundMax, "readers found too many expired pairs");
    if (found_.size() < kFoundMax) found_.push_back(std::move(key));
  });
  if (is_noted) changed_.NotifyOne();
}

void Expirer::Listen(ExpiryListener listener) {
  const AppendLock::Held held(parts_.log.lock);
  listener_ = std::move(listener);
}

void Expirer::set_active(bool is_active) {
  {
    const AppendLock::Held held(parts_.log.lock);
    is_active_.store(is_active, std::memory_order_relaxed);  // R1
  }
  changed_.NotifyAll();
}

// --- The thread ---

void Expirer::RunThread() {
  const auto& log = parts_.options.log;
  bool has_failed = false;
  while (WaitForWork() == Next::kWork) {
    const Status status = Work();
    if (!status && !has_failed && log) log("expired pairs could not be removed: " + status.error().ToString());
    if (status && has_failed && log) log("expired pairs are removed again");
    has_failed = !status.has_value();
    if (has_failed && WaitAfterFailure() == Next::kEnd) return;
  }
}

Expirer::Next Expirer::WaitForWork() {
  const AppendLock::Held held(parts_.log.lock);
  if (is_stopped_) return Next::kEnd;
  if (!found_.empty() || (has_spans_ && clock_keeper_.IsSavingDue())) return Next::kWork;
  if (is_active() && gather_from_) return Next::kWork;
  std::uint64_t wait_ms = kLookAtClocks.count();
  if (const auto left_ms = notes_.LeftMs(parts_.clock.Times()); is_active() && left_ms) {
    wait_ms = std::min(*left_ms, static_cast<std::uint64_t>(kLookAgain.count()));
  }
  if (wait_ms == 0) return Next::kWork;
  held.WaitUntil(changed_, sync::SteadyClock::now() + std::chrono::milliseconds(wait_ms));
  return is_stopped_ ? Next::kEnd : Next::kWork;
}

Expirer::Next Expirer::WaitAfterFailure() {
  KVS_PROBE("expirer rests after a failure");
  const auto deadline = sync::SteadyClock::now() + kLookAgain;
  const AppendLock::Held held(parts_.log.lock);
  while (!is_stopped_ && sync::SteadyClock::now() < deadline) held.WaitUntil(changed_, deadline);
  return is_stopped_ ? Next::kEnd : Next::kWork;
}

Status Expirer::Work() {
  return base::OrNoMemory([&] {
    TendClock();
    GatherMissing();
    return RemoveDue();
  });
}

void Expirer::TendClock() {
  clock_keeper_.ReportSteps();
  {
    const AppendLock::Held held(parts_.log.lock);
    if (!has_spans_) return;
  }
  if (clock_keeper_.IsSavingDue()) clock_keeper_.Save();
}

// --- Removing ---

// A key that could not be removed is noted again.
Status Expirer::RemoveDue() {
  Status status = Ok();
  std::optional<Error> damage;
  {
    const AppendLock::Held held(parts_.log.lock);
    for (const std::string& key : TakeDue(held)) {
      if (status) status = RemoveIfExpired(held, key, &damage);
      if (!status) notes_.Add(key, kDueNow, ExpiryKind::kPoint);
    }
  }
  if (damage) ReportDamage("an expired pair stays: ", *damage);
  return status;
}

// Keys that readers found take at most half of a turn, so neither they nor the notes wait for the others.
std::vector<std::string> Expirer::TakeDue(const AppendLock::Held&) {
  std::vector<std::string> due;
  while (!found_.empty() && due.size() < kKeysPerLock / 2) {
    due.push_back(std::move(found_.back()));
    found_.pop_back();
  }
  if (!is_active()) return due;
  for (std::string& key : notes_.TakeDue(parts_.clock.Times(), kKeysPerLock - due.size())) {
    due.push_back(std::move(key));
  }
  return due;
}

// Checks every byte of the record first. A damaged record stays, and readers will report it. damage: out, if there is
// any.
Status Expirer::RemoveIfExpired(const AppendLock::Held& held, std::string_view key, std::optional<Error>* damage) {
  KVS_TRY(parts_.log.tail.MakeRoom(held, log::kRecordHeaderBytesMax + key.size(), Purpose::kExpire));
  log::Record record{};
  const index::LookUp found =
      parts_.index.Find(key, [&](base::Location location) { return parts_.records.ReadIfSame(location, key, record); });
  if (found.outcome == index::Outcome::kDamaged) {
    KVS_PROBE("expired pair is damaged");
    *damage = parts_.records.DamageAt(found.location);
    return Ok();
  }
  if (found.outcome == index::Outcome::kAbsent || record.expiry_ms == kNoExpiry) return Ok();
  if (parts_.clock.HasExpired(record)) return parts_.remove(held, key, found.location);
  KVS_PROBE("pair expires later than noted");
  notes_.Add(key, record.expiry_ms, record.expiry_kind);
  return Ok();
}

// Only the first damage is reported: there may be thousands of damaged records.
void Expirer::ReportDamage(const std::string& what, const Error& damage) {
  const bool is_first = !std::exchange(has_reported_damage_, true);
  if (is_first && parts_.options.log) parts_.options.log(what + damage.ToString());
}

// --- Gathering ---

std::optional<std::string> Expirer::NextToGather() {
  const AppendLock::Held held(parts_.log.lock);
  if (gather_from_) return gather_from_;
  if (!notes_.IsMissingDue(parts_.clock.Times())) return std::nullopt;
  KVS_PROBE("expiries are gathered from all pairs");
  notes_.Clear();
  gather_from_.emplace();
  return gather_from_;
}

// Needed only if more pairs expire than the notes have room for.
void Expirer::GatherMissing() {
  const std::optional<std::string> from = NextToGather();
  if (!from) return;
  ExpiryIndex gathered;
  std::size_t visited = 0;
  std::string last;
  const index::ScanResult scanned =
      parts_.index.Scan({.from = *from}, [&](std::string_view key, base::Location location) {
        const std::optional<log::Record> record = parts_.records.Decode(location);
        if (record && record->expiry_ms != kNoExpiry) gathered.Add(key, record->expiry_ms, record->expiry_kind);
        last = key;
        return ++visited < kKeysPerGathering;
      });
  const bool is_damaged = scanned.outcome == index::Outcome::kDamaged;
  if (is_damaged) ReportDamage("what expires is not all known: ", parts_.records.DamageAt(scanned.location));
  const AppendLock::Held held(parts_.log.lock);
  notes_.Add(gathered);
  gather_from_.reset();
  if (is_damaged) {
    KVS_PROBE("gathering meets a damaged record");
    notes_.NoteMissing(parts_.clock.Times().point_ms + kGatherAgainMs, ExpiryKind::kPoint);
  } else if (visited == kKeysPerGathering) {
    KVS_PROBE("gathering goes on in a further step");
    gather_from_ = last + '\0';
  }
}

}  // namespace kvs::store
