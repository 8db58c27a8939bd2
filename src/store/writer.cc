#include "store/writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "base/tunable.h"
#include "base/uninitialized_array.h"

namespace kvs::store {
namespace {

// The limits of a run of sets under one append lock, because other writers wait meanwhile.
constexpr std::size_t kRunSetsMax = index::Tree::kTogetherMax;
KVS_TUNABLE(std::uint64_t, kRunBytesMax, std::uint64_t{64} << 10, 1, std::uint64_t{1} << 20);

Error KeyNotFound() { return Error{.code = ErrorCode::kKeyNotFound}; }

}  // namespace

Status Writer::Finish(const Appended& appended) {
  const bool is_awaited = parts_.options.sync == SyncPolicy::kAlways && appended.position != 0;
  if (!appended.status || !is_awaited) return appended.status;
  return parts_.committer.WaitUntilSynced(appended.position);
}

// --- Sets ---

Status Writer::Set(std::string_view key, std::string_view value, Expiry expiry_ms) {
  KVS_TRY(CheckPair(key, value));
  const log::RecordDraft draft = log::DraftPut(key, value, parts_.clock.ToStored(expiry_ms));
  Appended appended;
  const bool was_free =
      parts_.log.lock.CallIfFree([&](const AppendLock::Held& held) { appended = Put(held, draft, {}); });
  if (!was_free) {
    // Writers queue, so the index is walked before the lock is taken: each of them holds it for less time then.
    index::LeafHint hint;
    PrefetchIndex({&draft, 1}, {&hint, 1});
    const AppendLock::Held held(parts_.log.lock);
    appended = Put(held, draft, hint);
  }
  return Finish(appended);
}

Appended Writer::Put(const AppendLock::Held& held, const log::RecordDraft& draft, const index::LeafHint& hint) {
  if (Status has_room = parts_.log.tail.MakeRoom(held, log::RecordBytesMax(draft), Purpose::kStore); !has_room)
    return {.status = std::move(has_room)};
  return parts_.publisher.Put(held, draft, hint);
}

Status Writer::MultiSet(std::span<const KeyValue> pairs, std::size_t& set) {
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

// Prefetches what the index will read, before the lock is taken.
void Writer::PrefetchIndex(std::span<const log::RecordDraft> drafts, std::span<index::LeafHint> hints) const {
  const auto guard = parts_.epochs.Pin();
  base::UninitializedArray<std::string_view, kRunSetsMax> keys;
  for (std::size_t i = 0; i < drafts.size(); ++i) keys[i] = drafts[i].key;
  parts_.index.PrefetchMany(keys.first(drafts.size()), hints);
}

Status Writer::SetRun(std::span<const KeyValue> pairs, std::size_t& set, std::uint64_t& position) {
  base::UninitializedArray<log::RecordDraft, kRunSetsMax> drafts;
  std::size_t count = 0;
  std::uint64_t bytes_max = 0;
  for (const KeyValue& pair : pairs.first(std::min(pairs.size(), kRunSetsMax))) {
    const Status checked = CheckPair(pair.key, pair.value);
    if (!checked && count == 0) return checked;
    if (!checked || (count > 0 && bytes_max + pair.key.size() + pair.value.size() > kRunBytesMax)) break;
    drafts[count] = log::DraftPut(pair.key, pair.value);
    bytes_max += log::RecordBytesMax(drafts[count]);
    ++count;
  }
  base::UninitializedArray<index::LeafHint, kRunSetsMax> hints;
  PrefetchIndex(drafts.first(count), hints.first(count));
  const AppendLock::Held held(parts_.log.lock);
  Status has_room = parts_.log.tail.MakeRoom(held, bytes_max, Purpose::kStore);
  if (!has_room && base::IsPassing(has_room.error()) && count > 1) {
    KVS_PROBE("run of sets shrinks to one");
    count = 1;  // There may still be room for one set after another.
    has_room = parts_.log.tail.MakeRoom(held, log::RecordBytesMax(drafts[0]), Purpose::kStore);
  }
  KVS_TRY(has_room);
  for (std::size_t i = 0; i < count; ++i) {
    const Appended appended = parts_.publisher.Put(held, drafts[i], hints[i]);
    KVS_TRY(appended.status);
    position = appended.position;
    ++set;
  }
  return Ok();
}

// --- Removals ---

Status Writer::Remove(std::string_view key) {
  KVS_TRY(CheckKey(key));
  Removal removal;
  {
    const AppendLock::Held held(parts_.log.lock);
    removal = TryRemove(held, key);
    const bool has_lost_room = removal.appended.has_lost_room();
    KVS_PROBE_IF(has_lost_room, "removal lost its room");
    if (has_lost_room) removal = TryRemove(held, key);
  }
  Status finished = Finish(removal.appended);
  return finished && removal.was_expired ? Status(KeyNotFound()) : finished;
}

Writer::Removal Writer::TryRemove(const AppendLock::Held& held, std::string_view key) {
  Status has_room = parts_.log.tail.MakeRoom(held, log::kRecordHeaderBytesMax + key.size(), Purpose::kRemove);
  if (!has_room) return {.appended = {.status = std::move(has_room)}};
  const index::LookUp found = parts_.index.Find(key);
  if (found.outcome == index::Outcome::kDamaged)
    return {.appended = {.status = parts_.records.DamageAt(found.location)}};
  if (found.outcome == index::Outcome::kAbsent) return {.appended = {.status = KeyNotFound()}};
  const std::optional<log::Record> record = parts_.records.Decode(found.location);
  const bool was_expired = record && parts_.clock.HasExpired(*record);
  return {.appended = parts_.publisher.AppendTombstone(held, key, found.location), .was_expired = was_expired};
}

Status Writer::Clear() {
  constexpr std::size_t kKeysPerBatch = 1'024;
  while (true) {
    WriteBatch batch;
    const index::ScanResult scanned = parts_.index.Scan({}, [&](std::string_view key, base::Location) {
      batch.Remove(key);
      return batch.size() < kKeysPerBatch;
    });
    if (scanned.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(scanned.location);
    if (batch.empty()) return Ok();
    KVS_TRY(Write(batch));
  }
}

// --- Updates and batches ---

Status Writer::Update(std::string_view key, UpdateFunction fn) {
  return UpdateEntry(key, [&](const std::optional<Entry>& current) -> EntryDecision {
    return fn(current ? std::optional<std::string_view>(current->value) : std::nullopt);
  });
}

Status Writer::UpdateEntry(std::string_view key, EntryUpdateFunction fn) {
  KVS_TRY(CheckKey(key));
  Appended appended;
  {
    const AppendLock::Held held(parts_.log.lock);
    appended = ApplyUpdate(held, key, fn);
  }
  return Finish(appended);
}

// The pair that `fn` sees is still current when its answer is written. A set may have to wait for its room, and another
// writer may change the pair meanwhile. So `fn` is called again once the room is there.
Appended Writer::ApplyUpdate(const AppendLock::Held& held, std::string_view key, EntryUpdateFunction fn) {
  std::uint64_t room = log::kRecordHeaderBytesMax + key.size();
  Purpose purpose = Purpose::kRemove;
  while (true) {
    if (Status status = parts_.log.tail.MakeRoom(held, room, purpose); !status) return {.status = std::move(status)};
    const auto current = parts_.reader.FindRecord(key);
    if (!current) return {.status = current.error()};
    const bool is_there = current->has_value();
    std::optional<Entry> entry;
    if (is_there) entry = {.value = (*current)->value, .expiry_ms = parts_.clock.ToShown((*current)->expiry())};
    const EntryDecision decision = fn(entry);
    if (decision.keeps() || (decision.removes() && !is_there)) return {.status = Ok()};
    if (decision.removes()) return parts_.publisher.AppendTombstone(held, key, parts_.index.Find(key).location);
    if (Status status = CheckPair(key, decision.value()); !status) return {.status = std::move(status)};
    const log::RecordDraft draft = log::DraftPut(key, decision.value(), parts_.clock.ToStored(decision.expiry_ms()));
    if (purpose == Purpose::kStore && log::RecordBytesMax(draft) <= room) return parts_.publisher.Put(held, draft);
    KVS_PROBE_IF(purpose == Purpose::kStore, "update grew while it waited for room");
    room = log::RecordBytesMax(draft);
    purpose = Purpose::kStore;
  }
}

Status Writer::Write(const WriteBatch& batch) {
  KVS_TRY_ASSIGN(BatchDraft draft, parts_.batches.Draft(batch));
  if (draft.members.empty()) return Ok();
  Appended appended;
  {
    const AppendLock::Held held(parts_.log.lock);
    appended = parts_.batches.Apply(held, std::move(draft));
  }
  return Finish(appended);
}

}  // namespace kvs::store
