#include "store/index_rebuild.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/try.h"
#include "index/claim_sorter.h"
#include "log/file_names.h"
#include "log/segment_header.h"
#include "store/parallel.h"
#include "store/store_files.h"

namespace kvs::store {
namespace {

constexpr std::chrono::seconds kReportInterval{1};

// So many claims of a part fit the cache of one core.
constexpr std::size_t kClaimsPerPart = 32'768;
constexpr std::size_t kPartsMax = 2048;
constexpr std::size_t kSamplesPerPart = 16;

std::uint32_t SlotsOf(const std::vector<IndexRebuild::Source>& sources) {
  std::uint32_t slots = 0;
  for (const IndexRebuild::Source& source : sources) slots = std::max(slots, source.slot + 1);
  return slots;
}

}  // namespace

IndexRebuild::IndexRebuild(io::FileSystem& files, std::filesystem::path directory, std::vector<Source> sources,
                           const RecordReader& records, std::function<void(const std::string&)> log)
    : files_(files),
      directory_(std::move(directory)),
      sources_(std::move(sources)),
      records_(records),
      log_(std::move(log)),
      slots_(SlotsOf(sources_)),
      claims_(sources_.size()),
      tallies_(sources_.size()),
      dead_bytes_of_slots_(slots_) {}

Result<std::vector<SegmentTally>> IndexRebuild::Run(index::Tree* index) {
  KVS_TRY(ForEachInParallel(sources_.size(), [&](std::size_t i) { return ReadSource(*index, i); }));
  const std::size_t depth = BringToOneDepth();
  const std::vector<std::uint64_t> splitters = ChooseSplitters();
  KVS_TRY(PartitionBlocks(splitters));
  index::TreeBuilder builder(*index, records_);
  std::vector<index::TreeBuilder::Part> parts(splitters.size() + 1);
  KVS_TRY(BuildParts(&builder, depth, &parts));
  builder.Finish(parts);
  return std::move(tallies_);
}

// --- Reading ---

Status IndexRebuild::ReadSource(const index::Tree& index, std::size_t number) {
  const Source& source = sources_[number];
  index::ClaimList& claims = claims_[number];
  SegmentTally& tally = tallies_[number];
  const auto add = [&](const log::RecordSummary& record) {
    const index::Entry entry(index.TagOf(record.key), base::Location(source.slot, record.offset));
    const bool removes = record.type == log::RecordType::kTombstone;
    claims.Add(record.key, entry, index::Claim::OrderOf(record.sequence, removes ? 1 : 0));
    tally.records += 1;
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
  const std::uint64_t bad = log::ScanRecords(*source.segment, log::kSegmentHeaderBytes, source.bytes, visit);
  if (bad == source.bytes) return Ok();
  return DamageIn(log::SegmentPath(directory_, source.segment->id()), bad, "the record is not what was written");
}

// Any doubt about the hint file is answered by reading the segment: false.
Result<bool> IndexRebuild::ReadHintOf(const Source& source, FunctionRef<void(const log::RecordSummary&)> visit,
                                      SegmentTally* tally) const {
  if (!source.is_sealed) return false;
  const std::filesystem::path path = log::HintPath(directory_, source.segment->id());
  const auto exists = files_.Exists(path);
  if (!exists || !*exists) return false;
  const auto hint = ReadHint(files_, path, *source.segment);
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
    const auto now = std::chrono::steady_clock::now();
    if (now - last_report_ < kReportInterval) return;
    last_report_ = now;
    line = "opening: " + std::to_string(sources_read_) + " of " + std::to_string(sources_.size()) + " segments, " +
           std::to_string(records_read_) + " records";
  }
  if (log_) log_(line);
}

// --- Sorting ---

// Returns the depth that all lists have then.
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

// Heads that part all claims into pieces of about the same size.
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
  return ForEachInParallel(blocks.size(), [&](std::size_t i) {
    blocks[i].first->PartitionBlock(blocks[i].second, splitters);
    return Ok();
  });
}

// --- Building ---

Status IndexRebuild::BuildParts(index::TreeBuilder* builder, std::size_t depth,
                                std::vector<index::TreeBuilder::Part>* parts) {
  KVS_TRY(ForEachInParallel(parts->size(), [&](std::size_t i) { return BuildPart(builder, depth, i, &(*parts)[i]); }));
  const sync::MutexLock lock(mutex_);
  for (std::size_t i = 0; i < sources_.size(); ++i) tallies_[i].dead_bytes = dead_bytes_of_slots_[sources_[i].slot];
  return Ok();
}

Status IndexRebuild::BuildPart(index::TreeBuilder* builder, std::size_t depth, std::size_t number,
                               index::TreeBuilder::Part* part) {
  std::vector<index::Claim> claims;
  for (index::ClaimList& list : claims_) {
    for (std::size_t block = 0; block < list.blocks(); ++block) {
      const std::span<const index::Claim> of_part = list.Part(block, number);
      claims.insert(claims.end(), of_part.begin(), of_part.end());
    }
  }
  std::vector<base::Location> dead_puts;
  const auto note_dead = [&](const index::Claim& claim) {
    if (!claim.removes()) dead_puts.push_back(claim.entry.location());
  };
  index::ClaimSorter sorter(records_);
  if (const auto damaged = sorter.Sort(claims, depth, note_dead)) return records_.DamageAt(*damaged);

  std::vector<index::Entry> entries;
  entries.reserve(claims.size());
  for (const index::Claim& claim : claims) {
    if (!claim.entry.is_empty() && !claim.removes()) entries.push_back(claim.entry);
  }
  if (const auto damaged = builder->AddPart(entries, part)) return records_.DamageAt(*damaged);

  return CountDead(dead_puts);
}

Status IndexRebuild::CountDead(const std::vector<base::Location>& dead_puts) {
  std::vector<std::uint64_t> bytes_of_slots(slots_);
  for (const base::Location location : dead_puts) {
    const auto record = records_.Decode(location);
    if (!record) return records_.DamageAt(location);
    bytes_of_slots[location.slot()] += record->bytes();
  }
  const sync::MutexLock lock(mutex_);
  for (std::uint32_t slot = 0; slot < slots_; ++slot) dead_bytes_of_slots_[slot] += bytes_of_slots[slot];
  return Ok();
}

}  // namespace kvs::store
