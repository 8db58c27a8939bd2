// Store, the writing half: append to the log, then publish in the index, under the append lock.

#include <algorithm>
#include <limits>
#include <new>
#include <unordered_map>
#include <utility>

#include "base/probe.h"
#include "base/seeded_hash.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"
#include "base/uninitialized_array.h"
#include "store/store.h"

namespace kvs::store {
namespace {

Status CheckKey(std::string_view key) {
  if (key.size() <= kKeyBytesMax) return Ok();
  return Error{
      .code = ErrorCode::kInvalidArgument,
      .context = "the key has " + std::to_string(key.size()) + " bytes, the limit is " + std::to_string(kKeyBytesMax)};
}

Status CheckPair(std::string_view key, std::string_view value) {
  KVS_TRY(CheckKey(key));
  if (value.size() <= kValueBytesMax) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "the value has " + std::to_string(value.size()) + " bytes, the limit is " +
                          std::to_string(kValueBytesMax)};
}

std::uint64_t RecordBytesMax(const log::RecordDraft& draft) {
  return log::kRecordHeaderBytesMax + draft.key.size() + draft.value.size();
}

// What a run of sets may do under one append lock, so that others wait only shortly.
constexpr std::size_t kRunSetsMax = index::Tree::kTogetherMax;
KVS_TUNABLE(std::uint64_t, kRunBytesMax, std::uint64_t{64} << 10, 1, std::uint64_t{1} << 20);

// From so many on those that no reader can see any more are freed.
KVS_TUNABLE(std::size_t, kPendingBatchesKept, 64, 1, 256);

constexpr std::uint64_t kNeverPast = std::numeric_limits<std::uint64_t>::max();

// Of a removal: on a file system that promises no room it may come to lack it at the last moment. The next attempt has
// what the reserve gives.
bool HasLostRoom(const Status& status) { return !status && base::IsDiskFull(status.error()); }

Error KeyNotFound() { return Error{.code = ErrorCode::kKeyNotFound}; }

}  // namespace

// Under kAlways an operation is done when a sync has covered it.
Status Store::Finish(const Appended& appended) {
  if (!appended.status || options_.sync != SyncPolicy::kAlways || appended.position == 0) return appended.status;
  return committer_->WaitUntilSynced(appended.position);
}

Status Store::Set(std::string_view key, std::string_view value, Expiry expiry_ms) {
  KVS_TRY(CheckPair(key, value));
  const log::RecordDraft draft = log::DraftPut(key, value, clock_.ToStored(expiry_ms));
  Appended appended;
  {
    const AppendLock::Held held(log_.lock);
    KVS_TRY(log_.tail.MakeRoom(held, RecordBytesMax(draft), Purpose::kStore));
    appended = Put(held, draft);
  }
  return Finish(appended);
}

Status Store::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
  set = 0;
  std::uint64_t position = 0;
  Status status = Ok();
  while (status && set < pairs.size()) status = SetRun(pairs.subspan(set), set, position);
  if (Status synced = Finish({.status = Ok(), .position = position}); !synced) {
    set = 0;
    return synced;
  }
  return status;
}

// Brings near what the index will look at, before the lock is taken.
void Store::PrefetchIndex(std::span<const log::RecordDraft> drafts, std::span<index::Hint> hints) {
  const auto guard = epochs_.Pin();
  base::UninitializedArray<std::string_view, kRunSetsMax> keys;
  for (std::size_t i = 0; i < drafts.size(); ++i) keys[i] = drafts[i].key;
  index_.PrefetchMany(keys.first(drafts.size()), hints);
}

Status Store::SetRun(std::span<const KeyValue> pairs, std::size_t& set, std::uint64_t& position) {
  base::UninitializedArray<log::RecordDraft, kRunSetsMax> drafts;
  std::size_t count = 0;
  std::uint64_t bytes_max = 0;
  for (const KeyValue& pair : pairs.first(std::min(pairs.size(), kRunSetsMax))) {
    const Status checked = CheckPair(pair.key, pair.value);
    if (!checked && count == 0) return checked;
    if (!checked || (count > 0 && bytes_max + pair.key.size() + pair.value.size() > kRunBytesMax)) break;
    drafts[count] = log::DraftPut(pair.key, pair.value);
    bytes_max += RecordBytesMax(drafts[count]);
    ++count;
  }
  base::UninitializedArray<index::Hint, kRunSetsMax> hints;
  PrefetchIndex(drafts.first(count), hints.first(count));
  const AppendLock::Held held(log_.lock);
  Status has_room = log_.tail.MakeRoom(held, bytes_max, Purpose::kStore);
  if (!has_room && base::IsPassing(has_room.error()) && count > 1) {
    KVS_PROBE("run of sets shrinks to one");
    count = 1;  // Where there is no room for all of them there may be for one after the other.
    has_room = log_.tail.MakeRoom(held, RecordBytesMax(drafts[0]), Purpose::kStore);
  }
  KVS_TRY(has_room);
  for (std::size_t i = 0; i < count; ++i) {
    const Appended appended = Put(held, drafts[i], hints[i]);
    KVS_TRY(appended.status);
    position = appended.position;
    ++set;
  }
  return Ok();
}

Status Store::Remove(std::string_view key) {
  KVS_TRY(CheckKey(key));
  Appended appended;
  bool was_expired = false;
  {
    const AppendLock::Held held(log_.lock);
    appended = TryRemove(held, key, &was_expired);
    KVS_PROBE_IF(HasLostRoom(appended.status), "removal lost its room");
    if (HasLostRoom(appended.status)) appended = TryRemove(held, key, &was_expired);
  }
  Status finished = Finish(appended);
  return finished && was_expired ? Status(KeyNotFound()) : finished;
}

Store::Appended Store::TryRemove(const AppendLock::Held& held, std::string_view key, bool* was_expired) {
  Status has_room = log_.tail.MakeRoom(held, log::kRecordHeaderBytesMax + key.size(), Purpose::kRemove);
  if (!has_room) return {.status = std::move(has_room)};
  const index::LookUp found = index_.Find(key);
  if (found.outcome == index::Outcome::kDamaged) return {.status = records_.DamageAt(found.location)};
  if (found.outcome == index::Outcome::kAbsent) return {.status = KeyNotFound()};
  const std::optional<log::Record> record = records_.Decode(found.location);
  *was_expired = record && clock_.HasExpired(*record);
  return AppendTombstone(held, key, found.location);
}

Status Store::Update(std::string_view key, UpdateFunction fn) {
  return UpdateEntry(key, [&](const std::optional<Entry>& current) -> EntryDecision {
    return fn(current ? std::optional<std::string_view>(current->value) : std::nullopt);
  });
}

Status Store::UpdateEntry(std::string_view key, EntryUpdateFunction fn) {
  KVS_TRY(CheckKey(key));
  Appended appended;
  {
    const AppendLock::Held held(log_.lock);
    appended = ApplyUpdate(held, key, fn);
  }
  return Finish(appended);
}

Status Store::Write(const WriteBatch& batch) {
  std::vector<Member> members;
  members.reserve(batch.size());
  std::uint64_t bytes_max = 0;
  Purpose purpose = Purpose::kRemove;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.value) purpose = Purpose::kStore;
    KVS_TRY(CheckPair(operation.key, operation.value ? std::string_view(*operation.value) : std::string_view()));
    const log::RecordDraft draft =
        operation.value ? log::DraftPut(operation.key, *operation.value, clock_.ToStored(operation.expiry_ms))
                        : log::DraftTombstone(operation.key);
    bytes_max += RecordBytesMax(draft);
    members.push_back({.draft = draft, .before = {}});
  }
  if (bytes_max > kBatchBytesMax) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "the batch has some " + std::to_string(bytes_max) + " bytes, the limit is " +
                            std::to_string(kBatchBytesMax)};
  }
  if (members.empty()) return Ok();
  Appended appended;
  {
    const AppendLock::Held held(log_.lock);
    appended = ApplyBatch(held, std::move(members), bytes_max, purpose);
  }
  return Finish(appended);
}

Status Store::Clear() {
  constexpr std::size_t kKeysPerBatch = 1'024;
  while (true) {
    WriteBatch batch;
    const index::ScanResult scanned = index_.Scan({}, [&](std::string_view key, base::Location) {
      batch.Remove(key);
      return batch.size() < kKeysPerBatch;
    });
    if (scanned.outcome == index::Outcome::kDamaged) return records_.DamageAt(scanned.location);
    if (batch.empty()) return Ok();
    KVS_TRY(Write(batch));
  }
}

// --- Under the append lock ---

// The record whose location was `old` is garbage from now on.
Expiry Store::Replaced(const AppendLock::Held& held, base::Location old) {
  const std::optional<log::Record> record = records_.Decode(old);
  if (!record || record->type != log::RecordType::kPut) return kNoExpiry;
  log_.segments.accounts(held).LiveToDead(old, record->bytes());
  if (record->expiry_ms == kNoExpiry) return kNoExpiry;
  expirer_.NoteReplaced(held, *record);
  return record->expiry();
}

void Store::ForgetExpired(const AppendLock::Held& held, base::Location location) {
  const std::optional<log::Record> record = records_.Decode(location);
  if (record && index_.EraseExact(record->key, location)) Replaced(held, location);
}

// The record is in the log, so its entry takes even what was spare. Should that not do, the process ends, and opening
// the store again finds the record: an index that lacks it would be wrong.
index::Change Store::Enter(const AppendLock::Held& held, std::string_view key, base::Location location,
                           const index::Hint& hint) noexcept {
  try {
    return index_.Upsert(key, location, hint);
  } catch (const std::bad_alloc&) {
    KVS_PROBE("spare memory is given up for the index");
    log_.space.GiveUpSpareMemory(held);
  }
  return index_.Upsert(key, location, hint);
}

Store::Appended Store::Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::Hint& hint) {
  const std::uint64_t position_before = log_.tail.position(held);
  const auto location = log_.tail.Append(held, draft);
  if (!location) return {.status = location.error()};
  const std::uint64_t bytes = log_.tail.position(held) - position_before;
  const index::Change change = Enter(held, draft.key, *location, hint);
  if (change.outcome == index::Outcome::kDamaged) {
    KVS_PROBE("damaged record refuses an overwrite");
    log_.segments.accounts(held).AddDead(*location, bytes);
    return {.status = records_.DamageAt(change.old)};
  }
  log_.segments.accounts(held).AddLive(location->slot(), bytes);
  const Expiry former = change.outcome == index::Outcome::kFound ? Replaced(held, change.old) : kNoExpiry;
  if (draft.expiry_ms != kNoExpiry) expirer_.NoteWritten(held, draft.key, draft.expiry_ms, former);
  return {.status = Ok(), .position = log_.tail.position(held)};
}

Store::Appended Store::AppendTombstone(const AppendLock::Held& held, std::string_view key, base::Location old) {
  const std::uint64_t position_before = log_.tail.position(held);
  const auto location = log_.tail.Append(held, log::DraftTombstone(key));
  if (!location) return {.status = location.error()};
  log_.segments.accounts(held).AddTombstone(location->slot(), log_.tail.position(held) - position_before,
                                            log_.tail.last_sequence(held));
  if (index_.EraseExact(key, old)) Replaced(held, old);
  return {.status = Ok(), .position = log_.tail.position(held)};
}

// `fn` sees what is current when its answer is written: should room for that have to be waited for, without the lock,
// and somebody else come first, it is asked again.
Store::Appended Store::ApplyUpdate(const AppendLock::Held& held, std::string_view key, EntryUpdateFunction fn) {
  std::uint64_t room = log::kRecordHeaderBytesMax + key.size();
  Purpose purpose = Purpose::kRemove;
  while (true) {
    if (Status status = log_.tail.MakeRoom(held, room, purpose); !status) return {.status = std::move(status)};
    const auto current = FindRecord(key);
    if (!current) return {.status = current.error()};
    const bool is_there = current->has_value();
    std::optional<Entry> entry;
    if (is_there) entry = {.value = (*current)->value, .expiry_ms = clock_.ToShown((*current)->expiry())};
    const EntryDecision decision = fn(entry);
    if (decision.keeps() || (decision.removes() && !is_there)) return {.status = Ok()};
    if (decision.removes()) return AppendTombstone(held, key, index_.Find(key).location);
    if (Status status = CheckPair(key, decision.value()); !status) return {.status = std::move(status)};
    const log::RecordDraft draft = log::DraftPut(key, decision.value(), clock_.ToStored(decision.expiry_ms()));
    if (purpose == Purpose::kStore && RecordBytesMax(draft) <= room) return Put(held, draft);
    KVS_PROBE_IF(purpose == Purpose::kStore, "update grew while it waited for room");
    room = RecordBytesMax(draft);
    purpose = Purpose::kStore;
  }
}

Store::Appended Store::ApplyBatch(const AppendLock::Held& held, std::vector<Member> members, std::uint64_t bytes_max,
                                  Purpose purpose) {
  if (purpose == Purpose::kStore) return TryBatch(held, std::move(members), bytes_max, purpose);
  Appended appended = TryBatch(held, members, bytes_max, purpose);
  KVS_PROBE_IF(HasLostRoom(appended.status), "batch of removals lost its room");
  return HasLostRoom(appended.status) ? TryBatch(held, std::move(members), bytes_max, purpose) : appended;
}

Store::Appended Store::TryBatch(const AppendLock::Held& held, std::vector<Member> members, std::uint64_t bytes_max,
                                Purpose purpose) {
  if (Status status = log_.tail.MakeRoom(held, bytes_max + log::kRecordHeaderBytesMax, purpose); !status) {
    return {.status = std::move(status)};
  }
  if (Status status = LookUpMembers(&members); !status) return {.status = std::move(status)};
  if (members.empty()) return {.status = Ok()};
  // Nothing that follows the append may lack memory: index and log would tell different things.
  if (Status status = log_.space.HoldSpareMemory(held, members.size()); !status) return {.status = std::move(status)};
  std::vector<log::RecordDraft> drafts;
  drafts.reserve(members.size());
  for (const Member& member : members) drafts.push_back(member.draft);
  std::vector<Placed> placed;
  placed.reserve(members.size());
  retired_batches_.push_back({kNeverPast, std::make_unique<PendingBatch>(members.size())});
  const auto location = log_.tail.AppendBatch(held, drafts);
  if (!location) {
    KVS_PROBE("batch was not appended");
    retired_batches_.pop_back();
    return {.status = location.error()};
  }
  if (Status status = PublishMembers(held, members, *location, &placed); !status)
    return {.status = log_.space.Poison(held, status.error())};
  return {.status = Ok(), .position = log_.tail.position(held)};
}

// Notes where the keys point now, and drops removals of keys that are neither there nor set before in the batch.
Status Store::LookUpMembers(std::vector<Member>* members) {
  bool removes_any = false;
  for (Member& member : *members) {
    const index::LookUp found = index_.Find(member.draft.key);
    if (found.outcome == index::Outcome::kDamaged) return records_.DamageAt(found.location);
    if (found.outcome == index::Outcome::kFound) member.before = found.location;
    removes_any |= member.draft.type == log::RecordType::kTombstone;
  }
  if (removes_any) DropUselessRemovals(members);
  return Ok();
}

void Store::DropUselessRemovals(std::vector<Member>* members) {
  std::unordered_map<std::string_view, bool, base::SeededHash> is_there;
  std::erase_if(*members, [&](const Member& member) {
    const auto [at, is_new] = is_there.try_emplace(member.draft.key, !member.before.is_none());
    const bool was_there = std::exchange(at->second, member.draft.type == log::RecordType::kPut);
    return !was_there && member.draft.type == log::RecordType::kTombstone;
  });
}

// From here on readers take the keys of the batch from the PendingBatch, until everything is in its place.
// Should it fail, they go on seeing nothing of the batch.
Status Store::PublishMembers(const AppendLock::Held& held, const std::vector<Member>& members, base::Location batch,
                             std::vector<Placed>* placed) {
  const std::optional<log::Record> frame = records_.Decode(batch);
  if (!frame) return records_.DamageAt(batch);
  RetiredBatch& pending = retired_batches_.back();
  std::uint64_t offset = batch.offset() + frame->bytes() - frame->value.size();
  for (const Member& member : members) {
    const base::Location location(batch.slot(), offset);
    const std::optional<log::Record> record = records_.Decode(location);
    if (!record) return records_.DamageAt(location);
    placed->push_back({location, *record});
    pending.batch->Add(record->key, member.before);
    offset += record->bytes();
  }
  pending_.store(pending.batch.get(), std::memory_order_release);  // P1
  for (const auto& [location, record] : *placed) {
    if (Status status = PublishMember(held, location, record); !status) return status;
  }
  pending_.store(nullptr, std::memory_order_release);  // P1
  // Tombstones were in the index only so that the removals could not be seen before the rest.
  for (const auto& [location, record] : *placed) {
    if (record.type == log::RecordType::kTombstone) index_.EraseExact(record.key, location);
  }
  pending.epoch = epochs_.EndEpoch();
  FreePendingBatches();
  return Ok();
}

Status Store::PublishMember(const AppendLock::Held& held, base::Location location, const log::Record& record) {
  const index::Change change = Enter(held, record.key, location);
  if (change.outcome == index::Outcome::kDamaged) return records_.DamageAt(change.old);
  if (record.type == log::RecordType::kPut) {
    log_.segments.accounts(held).AddLive(location.slot(), record.bytes());
  } else {
    log_.segments.accounts(held).AddTombstone(location.slot(), record.bytes(), records_.SequenceOf(location, record));
  }
  const Expiry former = change.outcome == index::Outcome::kFound ? Replaced(held, change.old) : kNoExpiry;
  if (record.type == log::RecordType::kPut) expirer_.NoteWritten(held, record.key, record.expiry(), former);
  return Ok();
}

void Store::FreePendingBatches() {
  if (retired_batches_.size() < kPendingBatchesKept) return;
  KVS_PROBE("pending batches are freed");
  const std::uint64_t oldest_pinned = epochs_.OldestPinned();
  std::erase_if(retired_batches_, [=](const RetiredBatch& retired) { return retired.epoch < oldest_pinned; });
}

}  // namespace kvs::store
