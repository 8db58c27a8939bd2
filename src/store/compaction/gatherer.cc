#include "store/compaction/gatherer.h"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "store/compaction/dead_records.h"

namespace kvs::store {

// The account of an input, as it was at one moment.
struct Gatherer::Input {
  std::uint32_t slot;
  std::shared_ptr<log::Segment> segment;
  std::optional<std::vector<std::uint32_t>> dead_offsets;
  std::uint64_t live_bytes;
  std::uint64_t tombstone_bytes;
};

// Collects records of one input, and asks the index about several together.
class Gatherer::Questions {
 public:
  Questions(Gatherer& gatherer, std::uint32_t slot) : gatherer_(gatherer), slot_(slot) {}

  void Add(const log::RecordSummary& record) {
    records_[count_++] = record;
    if (count_ == kCompactedTogether) Ask();
  }
  void Ask();

 private:
  index::Match Compare(const log::RecordSummary& record, base::Location location) const;

  Gatherer& gatherer_;
  const std::uint32_t slot_;
  std::array<log::RecordSummary, kCompactedTogether> records_;  // Filled up to count_.
  std::size_t count_ = 0;
};

Status Gatherer::Read(std::uint32_t slot) {
  const Input input = InputAt(slot);
  if (input.dead_offsets) {
    const std::size_t before = records_.size();
    KVS_TRY_ASSIGN(const bool agrees, ReadByAccount(input));
    if (agrees) return Ok();
    KVS_PROBE("a segment does not agree with its account");
    records_.resize(before);
  }
  return ReadWhole(input);
}

Gatherer::Input Gatherer::InputAt(std::uint32_t slot) const {
  const AppendLock::Held held(parts_.log.lock);
  const SegmentAccount& account = parts_.log.segments.accounts(held)[slot];
  return {.slot = slot,
          .segment = account.segment,
          .dead_offsets = account.dead_offsets,
          .live_bytes = account.live_bytes,
          .tombstone_bytes = account.tombstone_bytes};
}

// A tombstone is checked here, because it may be dropped without another look at it.
Result<bool> Gatherer::ReadByAccount(const Input& input) {
  const std::uint64_t end = input.segment->readable_bytes();
  const DeadRecords dead(end, *input.dead_offsets);
  Questions questions(*this, input.slot);
  std::uint64_t live_bytes = 0;
  std::uint64_t tombstone_bytes = 0;
  bool are_intact = true;
  Status noted = Ok();
  const auto stop = log::WalkRecords(*input.segment, log::kSegmentHeaderBytes, end, [&](const auto& record) {
    if (!noted) return;
    if (record.type == log::RecordType::kPut) {
      if (!dead.Contains(record.offset)) {
        live_bytes += record.bytes;
        AddNeeded(input.slot, record);
      }
    } else if (record.type == log::RecordType::kTombstone) {
      tombstone_bytes += record.bytes;
      are_intact = are_intact && input.segment->Read(record.offset).has_value();
      if (are_intact) questions.Add(record);
    }
    if (record.type != log::RecordType::kBatch) noted = Note(record.bytes);
  });
  KVS_TRY(noted);
  questions.Ask();
  return stop == end && are_intact && live_bytes == input.live_bytes && tombstone_bytes == input.tombstone_bytes;
}

Status Gatherer::ReadWhole(const Input& input) {
  const std::uint64_t end = input.segment->readable_bytes();
  std::optional<DeadRecords> dead;
  if (input.dead_offsets) dead.emplace(end, *input.dead_offsets);
  Questions questions(*this, input.slot);
  Status noted = Ok();
  const auto bad = log::ScanRecords(*input.segment, log::kSegmentHeaderBytes, end, [&](const auto& record) {
    if (!noted) return;
    noted = Note(record.bytes);
    if (!dead || record.type != log::RecordType::kPut) return questions.Add(record);
    if (!dead->Contains(record.offset)) AddNeeded(input.slot, record);
  });
  KVS_TRY(noted);
  questions.Ask();
  if (bad == end) return Ok();
  return parts_.NoteDamage(base::Location(input.slot, bad));
}

Status Gatherer::Note(std::uint64_t bytes) {
  read_bytes_ += bytes;
  KVS_TRY_ASSIGN(std::ignore, progress_.Note(read_bytes_));
  return Ok();
}

void Gatherer::AddNeeded(std::uint32_t slot, const log::RecordSummary& record) {
  records_.push_back({KeyHead(record.key, 0), base::Location(slot, record.offset)});
}

// A put is needed if the index points at it. A tombstone is needed if its key has no newer record; the copying then
// finds whether there is an older record that it still removes.
void Gatherer::Questions::Ask() {
  const std::span records(records_.data(), std::exchange(count_, 0));
  std::array<std::string_view, kCompactedTogether> keys;
  for (std::size_t i = 0; i < records.size(); ++i) keys[i] = records[i].key;
  std::array<index::LookUp, kCompactedTogether> found;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled next.
  {
    const auto guard = gatherer_.parts_.epochs.Pin();
    gatherer_.parts_.index.FindMany(
        {keys.data(), records.size()},
        [&](std::size_t i, base::Location location) { return Compare(records[i], location); },
        std::span(found).first(records.size()));
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    const bool is_found = found[i].outcome == index::Outcome::kFound;
    const bool is_put = records[i].type == log::RecordType::kPut;
    if (is_found == is_put) gatherer_.AddNeeded(slot_, records[i]);
  }
}

// For a put the locations decide. A location is that of one record, and the record that the index points at instead is
// mostly in no cache.
index::Match Gatherer::Questions::Compare(const log::RecordSummary& record, base::Location location) const {
  if (record.type != log::RecordType::kPut) return gatherer_.parts_.records.Compare(location, record.key);
  return location == base::Location(slot_, record.offset) ? index::Match::kSame : index::Match::kOther;
}

}  // namespace kvs::store
