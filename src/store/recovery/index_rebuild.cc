#include "store/recovery/index_rebuild.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "base/tunable.h"
#include "index/claim_sorter.h"
#include "log/file_names.h"
#include "log/segment_header.h"
#include "store/segments/store_files.h"
#include "sync/parallel.h"

namespace kvs::store {
namespace {

KVS_TUNABLE(std::chrono::milliseconds, kReportInterval, 1'000, 0, 2'000);

// A part of this many claims fits the cache of one core.
KVS_TUNABLE(std::size_t, kClaimsPerPart, 32'768, 8, 65'536);
constexpr std::size_t kPartsMax = 2048;
KVS_TUNABLE(std::size_t, kSamplesPerPart, 16, 1, 64);

constexpr std::size_t kTogether = index::Tree::kTogetherMax;

// The most bytes of expiries that one source may note. All sources together may note a few times what the store keeps
// afterwards.
std::size_t NotesBytesMax(std::size_t sources) {
  return std::min(ExpiryIndex::kBytesMax, 4 * ExpiryIndex::kBytesMax / std::max<std::size_t>(sources, 1));
}

}  // namespace

IndexRebuild::IndexRebuild(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources,
                           std::uint32_t slots, const RecordReader& records,
                           std::function<void(const std::string&)> log, OnBadRecord on_bad_record)
    : files_(files),
      directory_(std::move(directory)),
      sources_(std::move(sources)),
      records_(records),
      log_(std::move(log)),
      on_bad_record_(on_bad_record),
      slots_(slots),
      claims_(sources_.size()),
      tallies_(sources_.size()),
      sequence_mins_(sources_.size(), std::numeric_limits<std::uint64_t>::max()),
      expiries_(sources_.size(), ExpiryIndex(NotesBytesMax(sources_.size()))),
      dead_(NoneDead()) {}

Status IndexRebuild::Read(const index::Tree& index) {
  return sync::ForEachInParallel(sources_.size(), [&](std::size_t i) { return ReadSource(index, i); });
}

Status IndexRebuild::Build(index::Tree* index) {
  const std::size_t depth = BringToOneDepth();
  const std::vector<std::uint64_t> splitters = ChooseSplitters();
  KVS_TRY(PartitionBlocks(splitters));
  index::TreeBuilder builder(*index, records_);
  std::vector<index::TreeBuilder::Part> parts(splitters.size() + 1);
  KVS_TRY(
      sync::ForEachInParallel(parts.size(), [&](std::size_t i) { return BuildPart(&builder, depth, i, &parts[i]); }));
  builder.Finish(parts);
  return Ok();
}

Status IndexRebuild::Apply(index::Tree* index) {
  const std::size_t depth = BringToOneDepth();
  const std::vector<std::uint64_t> splitters = ChooseSplitters();
  KVS_TRY(PartitionBlocks(splitters));
  std::vector<std::vector<index::Claim>> others(splitters.size() + 1);
  KVS_TRY(sync::ForEachInParallel(others.size(),
                                  [&](std::size_t i) { return OverwritePart(index, depth, i, &others[i]); }));
  for (const std::vector<index::Claim>& of_part : others) KVS_TRY(ApplyOthers(index, of_part));
  return Ok();
}

std::uint64_t IndexRebuild::records() const {
  std::uint64_t records = 0;
  for (const SegmentTally& tally : tallies_) records += tally.records;
  return records;
}

std::uint64_t IndexRebuild::sequence_min() const {
  const auto lowest = std::min_element(sequence_mins_.begin(), sequence_mins_.end());
  return lowest == sequence_mins_.end() ? std::numeric_limits<std::uint64_t>::max() : *lowest;
}

DeadPuts IndexRebuild::dead_puts() {
  const sync::MutexLock lock(mutex_);
  return dead_;
}

// --- Reading ---

Status IndexRebuild::ReadSource(const index::Tree& index, std::size_t number) {
  const Source& source = sources_[number];
  index::ClaimList& claims = claims_[number];
  SegmentTally& tally = tallies_[number];
  const auto add = [&](const log::RecordSummary& record) {
    const index::LeafEntry entry(index.TagOf(record.key), base::Location(source.slot, record.offset));
    const bool removes = record.type == log::RecordType::kTombstone;
    claims.Add(record.key, entry, index::Claim::OrderOf(record.sequence, removes ? 1 : 0));
    if (record.expiry_ms != kNoExpiry) {
      expiries_[number].Add(record.key, record.expiry_ms, record.expiry_ms.kind());
      tally.expiring += 1;
    }
    tally.records += 1;
    sequence_mins_[number] = std::min(sequence_mins_[number], record.sequence);
    if (removes) {
      tally.tombstone_bytes += record.bytes;
      tally.newest_tombstone = std::max(tally.newest_tombstone, record.sequence);
    } else {
      tally.put_bytes += record.bytes;
    }
  };
  KVS_TRY_ASSIGN(const bool is_read, ReadHintOf(source, add, &tally));
  if (!is_read) KVS_TRY(ScanSegment(source, add));
  ReportProgress(tally);
  return Ok();
}

Status IndexRebuild::ScanSegment(const Source& source, FunctionRef<void(const log::RecordSummary&)> visit) const {
  std::uint64_t offset = source.from;
  while ((offset = log::ScanRecords(*source.segment, offset, source.bytes, visit)) != source.bytes) {
    KVS_PROBE_IF(on_bad_record_ == OnBadRecord::kFail, "opening meets a damaged record");
    Error damage =
        DamageIn(log::SegmentPath(directory_, source.segment->id()), offset, "the record is not what was written");
    if (on_bad_record_ == OnBadRecord::kFail) return damage;
    KVS_PROBE("opening skips a damaged record");
    const std::uint64_t next = log::FindWholeRecord(*source.segment, offset + 1, source.bytes);
    if (log_) log_("left out " + std::to_string(next - offset) + " bytes: " + damage.context);
    offset = next;
  }
  return Ok();
}

// False: there is no usable hint file, so the segment must be read.
Result<bool> IndexRebuild::ReadHintOf(const Source& source, FunctionRef<void(const log::RecordSummary&)> visit,
                                      SegmentTally* tally) const {
  if (!source.is_sealed || source.from != log::kSegmentHeaderBytes) return false;
  const std::filesystem::path path = log::HintPath(directory_, source.segment->id());
  const auto exists = files_.Exists(path);
  if (!exists || !*exists) return false;
  const auto hint = ReadHint(files_, path, *source.segment);
  KVS_PROBE_IF(!hint, "hint file is in doubt");
  if (!hint) return false;
  for (const log::RecordSummary& record : hint->records) visit(record);
  tally->hint_bytes = hint->bytes.size();
  return true;
}

void IndexRebuild::ReportProgress(const SegmentTally& tally) {
  std::string line;
  {
    const sync::MutexLock lock(mutex_);
    sources_read_ += 1;
    records_read_ += tally.records;
    const auto now = sync::SteadyClock::now();
    if (now - last_report_ < kReportInterval) return;
    last_report_ = now;
    KVS_PROBE("long opening tells how far it is");
    line = "opening: " + std::to_string(sources_read_) + " of " + std::to_string(sources_.size()) + " segments, " +
           std::to_string(records_read_) + " records";
  }
  if (log_) log_(line);
}

// --- Sorting ---

// Returns the new depth of all lists: the length of the prefix that all keys share, up to ClaimList::kDepthMax.
std::size_t IndexRebuild::BringToOneDepth() {
  const index::ClaimList* first = nullptr;
  std::size_t depth = 0;
  for (const index::ClaimList& list : claims_) {
    if (list.count() == 0) continue;
    if (first == nullptr) {
      first = &list;
      depth = list.common().size();
    }
    const std::string_view a = first->common().substr(0, depth);
    const std::string_view b = list.common();
    depth = static_cast<std::size_t>(std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin());
  }
  for (index::ClaimList& list : claims_) list.SetDepth(depth);
  return depth;
}

// Chooses the heads that divide the claims into parts of about the same size.
std::vector<std::uint64_t> IndexRebuild::ChooseSplitters() {
  std::size_t claims = 0;
  for (const index::ClaimList& list : claims_) claims += list.count();
  const std::size_t parts = std::clamp<std::size_t>(claims / kClaimsPerPart, 1, kPartsMax);
  const std::size_t step = std::max<std::size_t>(1, claims / (parts * kSamplesPerPart));
  std::vector<std::uint64_t> samples;
  std::size_t skip = step / 2;
  for (index::ClaimList& list : claims_) {
    for (; skip < list.count(); skip += step) {
      samples.push_back(list.block(skip / index::ClaimList::kBlockClaims)[skip % index::ClaimList::kBlockClaims].head);
    }
    skip -= list.count();
  }
  std::sort(samples.begin(), samples.end());
  std::vector<std::uint64_t> splitters;
  for (std::size_t part = 1; part < parts; ++part) splitters.push_back(samples[part * samples.size() / parts]);
  splitters.erase(std::unique(splitters.begin(), splitters.end()), splitters.end());
  return splitters;
}

Status IndexRebuild::PartitionBlocks(const std::vector<std::uint64_t>& splitters) {
  std::vector<std::pair<index::ClaimList*, std::size_t>> blocks;
  for (index::ClaimList& list : claims_) {
    for (std::size_t i = 0; i < list.blocks(); ++i) blocks.emplace_back(&list, i);
  }
  return sync::ForEachInParallel(blocks.size(), [&](std::size_t i) {
    blocks[i].first->PartitionBlock(blocks[i].second, splitters);
    return Ok();
  });
}

// --- Building ---

Status IndexRebuild::BuildPart(index::TreeBuilder* builder, std::size_t depth, std::size_t number,
                               index::TreeBuilder::Part* part) {
  KVS_TRY_ASSIGN(const std::vector<index::Claim> claims, SortPart(depth, number));
  std::vector<index::LeafEntry> entries;
  entries.reserve(claims.size());
  for (const index::Claim& claim : claims) {
    if (!claim.removes()) entries.push_back(claim.entry);
  }
  if (const auto damaged = builder->AddPart(entries, part)) return records_.DamageAt(*damaged);
  return Ok();
}

// The newest claim of each key of the part, in key order.
Result<std::vector<index::Claim>> IndexRebuild::SortPart(std::size_t depth, std::size_t number) {
  std::vector<index::Claim> claims;
  for (index::ClaimList& list : claims_) {
    for (std::size_t block = 0; block < list.blocks(); ++block) {
      const std::span<const index::Claim> of_part = list.Part(block, number);
      claims.insert(claims.end(), of_part.begin(), of_part.end());
    }
  }
  DeadPuts dead = NoneDead();
  Status status;
  const auto note_dead = [&](const index::Claim& claim) {
    if (status && !claim.removes()) status = CountDead(claim.entry.location(), &dead);
  };
  index::ClaimSorter sorter(records_);
  if (const auto damaged = sorter.Sort(claims, depth, note_dead)) return records_.DamageAt(*damaged);
  KVS_TRY(std::move(status));
  AddDead(dead);
  std::erase_if(claims, [](const index::Claim& claim) { return claim.entry.is_empty(); });
  return claims;
}

// --- Changing a saved index ---

// others: out, the claims that must be applied one by one: new keys and removals.
Status IndexRebuild::OverwritePart(index::Tree* index, std::size_t depth, std::size_t number,
                                   std::vector<index::Claim>* others) {
  KVS_TRY_ASSIGN(const std::vector<index::Claim> claims, SortPart(depth, number));
  DeadPuts dead = NoneDead();
  for (std::size_t begin = 0; begin < claims.size(); begin += kTogether) {
    const std::size_t count = std::min(kTogether, claims.size() - begin);
    KVS_TRY(OverwriteTogether(index, std::span(claims).subspan(begin, count), others, &dead));
  }
  AddDead(dead);
  return Ok();
}

Status IndexRebuild::OverwriteTogether(index::Tree* index, std::span<const index::Claim> claims,
                                       std::vector<index::Claim>* others, DeadPuts* dead) const {
  std::vector<index::Claim> puts;
  std::array<base::Location, kTogether> locations;
  for (const index::Claim& claim : claims) {
    if (claim.removes()) {
      others->push_back(claim);
    } else {
      locations[puts.size()] = claim.entry.location();
      puts.push_back(claim);
    }
  }
  KVS_TRY_ASSIGN(const std::vector<std::string_view> keys, KeysOf(puts));
  std::array<index::Change, kTogether> changes;
  index->OverwriteMany(keys, locations, changes);
  for (std::size_t i = 0; i < puts.size(); ++i) {
    if (changes[i].outcome == index::Outcome::kDamaged) return records_.DamageAt(changes[i].old);
    if (changes[i].outcome == index::Outcome::kAbsent) others->push_back(puts[i]);
    if (changes[i].outcome == index::Outcome::kFound) KVS_TRY(CountDead(changes[i].old, dead));
  }
  return Ok();
}

Status IndexRebuild::ApplyOthers(index::Tree* index, std::span<const index::Claim> claims) {
  DeadPuts dead = NoneDead();
  std::array<index::LeafHint, kTogether> hints;
  for (std::size_t begin = 0; begin < claims.size(); begin += kTogether) {
    const auto together = claims.subspan(begin, std::min(kTogether, claims.size() - begin));
    KVS_TRY_ASSIGN(const std::vector<std::string_view> keys, KeysOf(together));
    index->PrefetchMany(keys, hints);
    for (std::size_t i = 0; i < together.size(); ++i) {
      const index::Claim& claim = together[i];
      const index::Change change =
          claim.removes() ? index->Erase(keys[i]) : index->Upsert(keys[i], claim.entry.location(), hints[i]);
      if (change.outcome == index::Outcome::kDamaged) return records_.DamageAt(change.old);
      if (change.outcome == index::Outcome::kFound) KVS_TRY(CountDead(change.old, &dead));
    }
  }
  AddDead(dead);
  return Ok();
}

Result<std::vector<std::string_view>> IndexRebuild::KeysOf(std::span<const index::Claim> claims) const {
  std::vector<std::string_view> keys;
  keys.reserve(claims.size());
  for (const index::Claim& claim : claims) records_.Prefetch(claim.entry.location());
  for (const index::Claim& claim : claims) {
    const auto key = records_.KeyAt(claim.entry.location());
    if (!key) return records_.DamageAt(claim.entry.location());
    keys.push_back(*key);
  }
  return keys;
}

Status IndexRebuild::CountDead(base::Location put, DeadPuts* dead) const {
  const auto record = records_.Decode(put);
  if (!record) return records_.DamageAt(put);
  dead->bytes_of_slots[put.slot()] += record->bytes();
  if (record->expiry_ms != kNoExpiry) dead->expiring += 1;
  return Ok();
}

void IndexRebuild::AddDead(const DeadPuts& dead) {
  const sync::MutexLock lock(mutex_);
  for (std::uint32_t slot = 0; slot < slots_; ++slot) dead_.bytes_of_slots[slot] += dead.bytes_of_slots[slot];
  dead_.expiring += dead.expiring;
}

}  // namespace kvs::store
