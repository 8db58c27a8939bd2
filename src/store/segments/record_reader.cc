#include "store/segments/record_reader.h"

#include <string>

#include "base/check.h"
#include "base/probe.h"
#include "log/file_names.h"
#include "log/segment.h"

namespace kvs::store {

index::Match RecordReader::Compare(base::Location location, std::string_view key) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  if (segment == nullptr) return index::Match::kDamaged;
  const std::optional<log::Record> record = segment->Decode(location.offset());
  if (!record) return index::Match::kDamaged;
  if (record->key == key) return index::Match::kSame;
  KVS_PROBE("two keys share their tag");
  // Two keys that share their tag are rare, so the check costs nothing; without it a damaged key would look like
  // another key, and the one that was asked for like an absent one.
  return log::IsIntact(*record, segment->id()) ? index::Match::kOther : index::Match::kDamaged;
}

index::Match RecordReader::ReadIfSame(base::Location location, std::string_view key, log::Record& record) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  if (segment == nullptr) return index::Match::kDamaged;
  segment->Prefetch(location.offset());
  const std::optional<log::Record> read = segment->Read(location.offset());
  if (!read) return index::Match::kDamaged;
  if (read->key != key) return index::Match::kOther;
  record = *read;
  return index::Match::kSame;
}

std::optional<std::string_view> RecordReader::KeyAt(base::Location location) const {
  const std::optional<log::Record> record = Read(location);
  if (!record) return std::nullopt;
  return record->key;
}

std::optional<std::string_view> RecordReader::UncheckedKeyAt(base::Location location) const {
  const std::optional<log::Record> record = Decode(location);
  if (!record) return std::nullopt;
  return record->key;
}

void RecordReader::Prefetch(base::Location location) const {
  if (const log::Segment* const segment = segments_.Find(location.slot())) segment->Prefetch(location.offset());
}

std::optional<log::Record> RecordReader::Read(base::Location location) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  if (segment == nullptr) return std::nullopt;
  return segment->Read(location.offset());
}

std::optional<RecordCopy> RecordReader::ReadToCopy(base::Location location) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  if (segment == nullptr) return std::nullopt;
  const std::optional<log::Record> record = segment->Decode(location.offset());
  if (!record) return std::nullopt;
  const std::optional<log::RecordDraft> draft = log::DraftCopy(*record, segment->id());
  if (!draft) return std::nullopt;
  return RecordCopy{*record, *draft, segment->SequenceOf(*record)};
}

std::optional<base::Location> RecordReader::ReadMany(std::span<const base::Location> locations,
                                                     std::span<log::Record> records) const {
  for (std::size_t i = 0; i < locations.size(); ++i) {
    const log::Segment* const segment = segments_.Find(locations[i].slot());
    if (segment == nullptr) return locations[i];
    const std::optional<log::Record> record = segment->Read(locations[i].offset());
    if (!record) return locations[i];
    records[i] = *record;
  }
  return std::nullopt;
}

void RecordReader::PrefetchMany(std::span<const base::Location> locations) const {
  for (const base::Location location : locations) {
    if (const log::Segment* const segment = segments_.Find(location.slot())) segment->Prefetch(location.offset());
  }
}

std::optional<log::Record> RecordReader::Decode(base::Location location) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  if (segment == nullptr) return std::nullopt;
  return segment->Decode(location.offset());
}

std::uint64_t RecordReader::SequenceOf(base::Location location, const log::Record& record) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  KVS_CHECK(segment != nullptr);
  return segment->SequenceOf(record);
}

Error RecordReader::DamageAt(base::Location location) const {
  const log::Segment* const segment = segments_.Find(location.slot());
  const std::string file = segment == nullptr ? "no segment" : log::SegmentPath({}, segment->id()).string();
  return Error{.code = ErrorCode::kCorruption,
               .context = file + " offset=" + std::to_string(location.offset()) +
                          ": the record is not what was written; kvs-inspect verify tells more"};
}

}  // namespace kvs::store
