#include "store/compaction/compaction_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <utility>

#include "base/probe.h"

namespace kvs::store {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Candidate {
  std::uint32_t slot;
  std::uint64_t made;  // Its created_sequence.
  std::uint64_t copied_bytes;
  std::uint64_t gained_bytes;
  double gained_share;
};

std::uint64_t MadeAt(const SegmentAccount& account) { return account.segment->header().created_sequence; }

bool HoldsDeadPuts(const SegmentAccount& account) { return account.segment != nullptr && account.dead_bytes > 0; }

// OldestWithDeadPuts() without any one segment. The two oldest segments answer that for all.
class OldestDeadPuts {
 public:
  explicit OldestDeadPuts(const SegmentAccounts& accounts) {
    for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
      if (HoldsDeadPuts(accounts[slot])) Add(slot, MadeAt(accounts[slot]));
    }
  }

  std::uint64_t Without(std::uint32_t slot) const { return slot == oldest_slot_ ? second_made_ : oldest_made_; }

 private:
  void Add(std::uint32_t slot, std::uint64_t made) {
    if (made >= oldest_made_) {
      second_made_ = std::min(second_made_, made);
      return;
    }
    second_made_ = std::exchange(oldest_made_, made);
    oldest_slot_ = slot;
  }

  std::uint64_t oldest_made_ = kNoLimit;
  std::uint64_t second_made_ = kNoLimit;
  std::optional<std::uint32_t> oldest_slot_;
};

// Counts tombstones as gained only if they hide nothing.
Candidate Judge(const SegmentAccounts& accounts, const OldestDeadPuts& dead_puts, std::uint32_t slot) {
  const SegmentAccount& account = accounts[slot];
  const bool drops_tombstones = account.newest_tombstone < dead_puts.Without(slot);
  const std::uint64_t kept = account.live_bytes + (drops_tombstones ? 0 : account.tombstone_bytes);
  const auto disk = static_cast<double>(account.disk_bytes());
  const double gained = disk - static_cast<double>(kept + account.hint_bytes) - log::kSegmentHeaderBytes;
  return {.slot = slot,
          .made = MadeAt(account),
          .copied_bytes = kept,
          .gained_bytes = static_cast<std::uint64_t>(std::max(gained, 0.0)),
          .gained_share = gained / disk};
}

bool IsCandidate(const SegmentAccount& account) {
  return account.segment != nullptr && account.is_sealed && !account.is_damaged;
}

bool HasGarbage(const SegmentAccount& account) {
  return account.dead_bytes + account.tombstone_bytes > 0 || account.live_bytes == 0;
}

std::vector<Candidate> FindCandidates(const SegmentAccounts& accounts) {
  const OldestDeadPuts dead_puts(accounts);
  std::vector<Candidate> candidates;
  for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    if (IsCandidate(account) && HasGarbage(account)) candidates.push_back(Judge(accounts, dead_puts, slot));
  }
  return candidates;
}

// The first candidates, up to the limit of copied bytes or gained bytes, but at least one.
std::vector<std::uint32_t> TakeUpTo(std::uint64_t copied_bytes_max, std::uint64_t gained_bytes_max,
                                    const std::vector<Candidate>& candidates) {
  std::vector<std::uint32_t> slots;
  std::uint64_t copied_bytes = 0;
  std::uint64_t gained_bytes = 0;
  for (const Candidate& candidate : candidates) {
    copied_bytes += candidate.copied_bytes;
    const bool is_enough = copied_bytes > copied_bytes_max || (copied_bytes > 0 && gained_bytes >= gained_bytes_max);
    if (!slots.empty() && is_enough) break;
    gained_bytes += candidate.gained_bytes;
    slots.push_back(candidate.slot);
  }
  return slots;
}

double BenefitOf(const Candidate& candidate, std::uint64_t sequence) {
  const auto age = static_cast<double>(sequence - std::min(sequence, candidate.made) + 1);
  return candidate.gained_share * std::sqrt(age) / (2 - candidate.gained_share);
}

std::vector<std::uint32_t> TakeWorthwhile(std::vector<Candidate> worthwhile, const CompactionAim& aim) {
  // Segments that need no copying go alone. They need no room, so this works on a full disk.
  const auto is_copied = [](const Candidate& candidate) { return candidate.copied_bytes > 0; };
  if (!std::all_of(worthwhile.begin(), worthwhile.end(), is_copied)) std::erase_if(worthwhile, is_copied);
  if (aim.preference == Preference::kLeastCopied) {
    const auto by_copied = [](const Candidate& a, const Candidate& b) { return a.copied_bytes < b.copied_bytes; };
    std::sort(worthwhile.begin(), worthwhile.end(), by_copied);
    return TakeUpTo(0, 0, worthwhile);
  }
  std::sort(worthwhile.begin(), worthwhile.end(), [&](const Candidate& a, const Candidate& b) {
    return BenefitOf(a, aim.sequence) > BenefitOf(b, aim.sequence);
  });
  return TakeUpTo(aim.copied_bytes_max, aim.gained_bytes_max, worthwhile);
}

// The live bytes of each run of clustered segments without garbage.
std::map<std::uint64_t, std::uint64_t> CleanRuns(const SegmentAccounts& accounts) {
  std::map<std::uint64_t, std::uint64_t> runs;
  for (const SegmentAccount& account : accounts.accounts()) {
    if (!IsCandidate(account) || HasGarbage(account)) continue;
    const std::uint64_t run = account.segment->header().run;
    if (run != 0) runs[run] += account.live_bytes;
  }
  return runs;
}

bool HoldsLargeRecords(const log::Segment& segment) {
  const auto first =
      segment.readable_bytes() > log::kSegmentHeaderBytes ? segment.Decode(log::kSegmentHeaderBytes) : std::nullopt;
  return first && first->type != log::RecordType::kBatch && first->bytes() >= kLargeRecordBytes;
}

// Divides `bytes` into equal shares below `bytes_max`, as few as possible, so that room is left beside each.
std::uint64_t ShareOf(std::uint64_t bytes, std::uint64_t bytes_max) {
  bytes_max = std::max<std::uint64_t>(bytes_max, 1);
  const std::uint64_t shares = std::max<std::uint64_t>((bytes + bytes_max - 1) / bytes_max, 1);
  return std::min(bytes_max, bytes / shares + bytes / (8 * shares));  // Segments do not fit exactly.
}

}  // namespace

std::uint64_t OldestWithDeadPuts(const SegmentAccounts& accounts, std::vector<std::uint32_t> excluded) {
  std::sort(excluded.begin(), excluded.end());
  std::uint64_t oldest = kNoLimit;
  for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    if (!HoldsDeadPuts(account) || std::binary_search(excluded.begin(), excluded.end(), slot)) continue;
    oldest = std::min(oldest, MadeAt(account));
  }
  return oldest;
}

std::vector<std::uint32_t> PickInputs(const SegmentAccounts& accounts, const CompactionAim& aim) {
  std::vector<Candidate> candidates = FindCandidates(accounts);
  std::vector<Candidate> worthwhile = candidates;
  std::erase_if(worthwhile, [&](const Candidate& candidate) {
    const bool is_enough = aim.takes_any_gain && candidate.gained_bytes >= kGainBytesMin;
    return candidate.gained_share < kWorthwhileShare && !is_enough;
  });
  if (!worthwhile.empty()) return TakeWorthwhile(std::move(worthwhile), aim);
  const bool has_tombstones = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return accounts[candidate.slot].tombstone_bytes > 0;
  });
  // A segment with tombstones that must stay and no dead put would be copied unchanged, again and again.
  std::erase_if(candidates, [&](const Candidate& candidate) { return accounts[candidate.slot].dead_bytes == 0; });
  const auto oldest = std::min_element(candidates.begin(), candidates.end(),
                                       [](const Candidate& a, const Candidate& b) { return a.made < b.made; });
  if (oldest == candidates.end() || !has_tombstones) return {};
  KVS_PROBE("oldest segment is taken so that tombstones can go");
  return {oldest->slot};
}

std::vector<std::uint32_t> PickToCluster(const SegmentAccounts& accounts, const ClusterAim& aim) {
  const std::map<std::uint64_t, std::uint64_t> clean_runs = CleanRuns(accounts);
  const OldestDeadPuts dead_puts(accounts);
  std::vector<Candidate> candidates;
  std::uint64_t copied_bytes = 0;
  std::vector<std::uint64_t> runs;  // Of the candidates. 0: clustered with no other.
  for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    if (!IsCandidate(account) || MadeAt(account) >= aim.made_before) continue;
    const std::uint64_t run = HasGarbage(account) ? 0 : account.segment->header().run;
    const Candidate candidate = Judge(accounts, dead_puts, slot);
    const bool is_clustered = run != 0 && clean_runs.at(run) > aim.copied_bytes_max / 2;
    const bool gains_much = candidate.gained_share >= kWorthwhileShare;
    if (is_clustered || (!gains_much && HoldsLargeRecords(*account.segment))) continue;
    candidates.push_back(candidate);
    copied_bytes += candidate.copied_bytes;
    runs.push_back(run);
  }
  std::sort(runs.begin(), runs.end());
  const bool is_one_run = !runs.empty() && runs.front() != 0 && runs.front() == runs.back();
  if (is_one_run) return {};
  std::sort(candidates.begin(), candidates.end(),
            [](const Candidate& a, const Candidate& b) { return a.made < b.made; });
  return TakeUpTo(ShareOf(copied_bytes, aim.copied_bytes_max), kNoLimit, candidates);
}

}  // namespace kvs::store
