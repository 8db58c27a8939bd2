#include "store/batch_writer.h"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/probe.h"
#include "base/seeded_hash.h"
#include "base/try.h"

namespace kvs::store {
namespace {

bool Removes(const BatchDraft::Member& member) { return member.draft.type == log::RecordType::kTombstone; }

// Drops removals of keys that are absent, and that the batch did not set before.
void DropUselessRemovals(std::vector<BatchDraft::Member>* members) {
  std::unordered_map<std::string_view, bool, base::SeededHash> is_there;
  std::erase_if(*members, [&](const BatchDraft::Member& member) {
    const auto [at, is_new] = is_there.try_emplace(member.draft.key, !member.before.is_none());
    const bool was_there = std::exchange(at->second, !Removes(member));
    return !was_there && Removes(member);
  });
}

}  // namespace

Result<BatchDraft> BatchWriter::Draft(const WriteBatch& batch) const {
  BatchDraft drafted;
  drafted.members.reserve(batch.size());
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.value) drafted.purpose = Purpose::kStore;
    KVS_TRY(CheckPair(operation.key, operation.value ? std::string_view(*operation.value) : std::string_view()));
    const log::RecordDraft draft =
        operation.value ? log::DraftPut(operation.key, *operation.value, parts_.clock.ToStored(operation.expiry_ms))
                        : log::DraftTombstone(operation.key);
    drafted.bytes_max += log::RecordBytesMax(draft);
    drafted.members.push_back({.draft = draft});
  }
  if (drafted.bytes_max <= kBatchBytesMax) return drafted;
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = "the batch takes up to " + std::to_string(drafted.bytes_max) + " bytes, the limit is " +
                          std::to_string(kBatchBytesMax)};
}

// A batch of removals gets a second attempt, as a removal does.
Appended BatchWriter::Apply(const AppendLock::Held& held, BatchDraft draft) {
  if (draft.purpose == Purpose::kStore) return TryApply(held, std::move(draft));
  Appended appended = TryApply(held, draft);
  const bool has_lost_room = appended.has_lost_room();
  KVS_PROBE_IF(has_lost_room, "batch of removals lost its room");
  return has_lost_room ? TryApply(held, std::move(draft)) : appended;
}

Appended BatchWriter::TryApply(const AppendLock::Held& held, BatchDraft draft) {
  const std::uint64_t bytes_max = draft.bytes_max + log::kRecordHeaderBytesMax;
  if (Status status = parts_.log.tail.MakeRoom(held, bytes_max, draft.purpose); !status) {
    return {.status = std::move(status)};
  }
  if (Status status = LookUpMembers(&draft.members); !status) return {.status = std::move(status)};
  if (draft.members.empty()) return {.status = Ok()};
  return AppendMembers(held, draft.members);
}

// Notes the present location of each key, and drops the removals that change nothing.
Status BatchWriter::LookUpMembers(std::vector<Member>* members) const {
  bool removes_any = false;
  for (Member& member : *members) {
    const index::LookUp found = parts_.index.Find(member.draft.key);
    if (found.outcome == index::Outcome::kDamaged) return parts_.records.DamageAt(found.location);
    if (found.outcome == index::Outcome::kFound) member.before = found.location;
    removes_any |= Removes(member);
  }
  if (removes_any) DropUselessRemovals(members);
  return Ok();
}

// Takes all memory before the append. If memory ran out after it, the index would lack records that are in the log.
Appended BatchWriter::AppendMembers(const AppendLock::Held& held, const std::vector<Member>& members) {
  if (Status status = parts_.log.space.HoldSpareMemory(held, members.size()); !status) {
    return {.status = std::move(status)};
  }
  std::vector<log::RecordDraft> drafts;
  drafts.reserve(members.size());
  for (const Member& member : members) drafts.push_back(member.draft);
  std::vector<Placed> placed;
  placed.reserve(members.size());
  PendingBatch& pending = parts_.pending.Make(held, members.size());
  const auto location = parts_.log.tail.AppendBatch(held, drafts);
  if (!location) {
    KVS_PROBE("batch was not appended");
    parts_.pending.Drop(held);
    return {.status = location.error()};
  }
  Status status = PlaceMembers(members, *location, &pending, &placed);
  if (status) status = Publish(held, placed);
  if (!status) return {.status = parts_.log.space.Poison(held, status.error())};
  return {.status = Ok(), .position = parts_.log.tail.position(held)};
}

Status BatchWriter::PlaceMembers(const std::vector<Member>& members, base::Location batch, PendingBatch* pending,
                                 std::vector<Placed>* placed) const {
  const std::optional<log::Record> frame = parts_.records.Decode(batch);
  if (!frame) return parts_.records.DamageAt(batch);
  std::uint64_t offset = batch.offset() + frame->bytes() - frame->value.size();
  for (const Member& member : members) {
    const base::Location location(batch.slot(), offset);
    const std::optional<log::Record> record = parts_.records.Decode(location);
    if (!record) return parts_.records.DamageAt(location);
    placed->push_back({location, *record});
    pending->Add(record->key, member.before);
    offset += record->bytes();
  }
  return Ok();
}

// If it fails, readers still see nothing of the batch.
Status BatchWriter::Publish(const AppendLock::Held& held, const std::vector<Placed>& placed) {
  parts_.pending.Show(held);
  for (const auto& [location, record] : placed) {
    if (Status status = parts_.publisher.PublishMember(held, location, record); !status) return status;
  }
  parts_.pending.Hide(held);
  // Tombstones were in the index only to hide the removals until the whole batch is visible.
  for (const auto& [location, record] : placed) {
    if (record.type == log::RecordType::kTombstone) parts_.index.EraseExact(record.key, location);
  }
  parts_.pending.Retire(held);
  return Ok();
}

}  // namespace kvs::store
