#include "store/record_publisher.h"

#include <new>
#include <optional>

#include "base/probe.h"

namespace kvs::store {

Expiry RecordPublisher::NoteReplaced(const AppendLock::Held& held, base::Location old) {
  const std::optional<log::Record> record = records_.Decode(old);
  if (!record || record->type != log::RecordType::kPut) return kNoExpiry;
  log_.segments.accounts(held).LiveToDead(old, record->bytes());
  if (record->expiry_ms == kNoExpiry) return kNoExpiry;
  expirer_.NoteReplaced(held, *record);
  return record->expiry();
}

// The record is in the log, so it must get into the index, and may use the spare memory. If that is not enough, the
// process ends, because an index without the record would be wrong. The next opening finds the record in the log.
index::Change RecordPublisher::Enter(const AppendLock::Held& held, std::string_view key, base::Location location,
                                     const index::LeafHint& hint) noexcept {
  try {
    return index_.Upsert(key, location, hint);
  } catch (const std::bad_alloc&) {
    KVS_PROBE("spare memory is given up for the index");
    log_.space.GiveUpSpareMemory(held);
  }
  return index_.Upsert(key, location, hint);
}

Appended RecordPublisher::Put(const AppendLock::Held& held, const log::RecordDraft& draft,
                              const index::LeafHint& hint) {
  const std::uint64_t position_before = log_.tail.position(held);
  const auto location = log_.tail.Append(held, draft);
  if (!location) return {.status = location.error()};
  const std::uint64_t bytes = log_.tail.position(held) - position_before;
  const index::Change change = Enter(held, draft.key, *location, hint);
  SegmentAccounts& accounts = log_.segments.accounts(held);
  if (change.outcome == index::Outcome::kDamaged) {
    KVS_PROBE("damaged record refuses an overwrite");
    accounts.AddDead(*location, bytes);
    return {.status = records_.DamageAt(change.old)};
  }
  accounts.AddLive(location->slot(), bytes);
  const Expiry former = change.outcome == index::Outcome::kFound ? NoteReplaced(held, change.old) : kNoExpiry;
  if (draft.expiry_ms != kNoExpiry) expirer_.NoteWritten(held, draft.key, draft.expiry_ms, former);
  return {.status = Ok(), .position = log_.tail.position(held)};
}

Appended RecordPublisher::AppendTombstone(const AppendLock::Held& held, std::string_view key, base::Location old) {
  const std::uint64_t position_before = log_.tail.position(held);
  const auto location = log_.tail.Append(held, log::DraftTombstone(key));
  if (!location) return {.status = location.error()};
  const std::uint64_t position = log_.tail.position(held);
  log_.segments.accounts(held).AddTombstone(location->slot(), position - position_before,
                                            log_.tail.last_sequence(held));
  if (index_.EraseExact(key, old)) NoteReplaced(held, old);
  return {.status = Ok(), .position = position};
}

Status RecordPublisher::PublishMember(const AppendLock::Held& held, base::Location location,
                                      const log::Record& record) {
  const index::Change change = Enter(held, record.key, location);
  if (change.outcome == index::Outcome::kDamaged) return records_.DamageAt(change.old);
  const bool is_put = record.type == log::RecordType::kPut;
  SegmentAccounts& accounts = log_.segments.accounts(held);
  if (is_put) {
    accounts.AddLive(location.slot(), record.bytes());
  } else {
    accounts.AddTombstone(location.slot(), record.bytes(), records_.SequenceOf(location, record));
  }
  const Expiry former = change.outcome == index::Outcome::kFound ? NoteReplaced(held, change.old) : kNoExpiry;
  if (is_put) expirer_.NoteWritten(held, record.key, record.expiry(), former);
  return Ok();
}

void RecordPublisher::ForgetExpired(const AppendLock::Held& held, base::Location location) {
  const std::optional<log::Record> record = records_.Decode(location);
  if (record && index_.EraseExact(record->key, location)) NoteReplaced(held, location);
}

}  // namespace kvs::store
