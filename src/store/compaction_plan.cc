#include "store/compaction_plan.h"

#include <algorithm>
#include <limits>

namespace kvs::store {
namespace {

struct Candidate {
  std::uint32_t slot;
  std::uint64_t made;  // Its created_sequence.
  std::uint64_t copied_bytes;
  double gained_share;
};

std::uint64_t MadeAt(const SegmentAccount& account) { return account.segment->header().created_sequence; }

// Counts tombstones as gained only where they guard nothing.
Candidate Judge(const SegmentAccounts& accounts, std::uint32_t slot) {
  const SegmentAccount& account = accounts[slot];
  const bool drops_tombstones = account.newest_tombstone < OldestWithDeadPuts(accounts, {slot});
  const std::uint64_t kept = account.live_bytes + (drops_tombstones ? 0 : account.tombstone_bytes);
  const auto disk = static_cast<double>(account.disk_bytes());
  const double gained = disk - static_cast<double>(kept + account.hint_bytes) - log::kSegmentHeaderBytes;
  return {.slot = slot, .made = MadeAt(account), .copied_bytes = kept, .gained_share = gained / disk};
}

bool HasGarbage(const SegmentAccount& account) { return account.dead_bytes + account.tombstone_bytes > 0; }

std::vector<Candidate> FindCandidates(const SegmentAccounts& accounts) {
  std::vector<Candidate> candidates;
  for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    const bool is_empty = account.live_bytes == 0;
    if (account.segment == nullptr || !account.is_sealed || account.is_damaged) continue;
    if (HasGarbage(account) || is_empty) candidates.push_back(Judge(accounts, slot));
  }
  return candidates;
}

// The best first, and together no more than one output takes.
std::vector<std::uint32_t> TakeUpTo(std::uint64_t copied_bytes_max, const std::vector<Candidate>& candidates) {
  std::vector<std::uint32_t> slots;
  std::uint64_t copied_bytes = 0;
  for (const Candidate& candidate : candidates) {
    copied_bytes += candidate.copied_bytes;
    if (!slots.empty() && copied_bytes > copied_bytes_max) break;
    slots.push_back(candidate.slot);
  }
  return slots;
}

}  // namespace

std::uint64_t OldestWithDeadPuts(const SegmentAccounts& accounts, const std::vector<std::uint32_t>& excluded) {
  std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
  for (std::uint32_t slot = 0; slot < accounts.accounts().size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    if (account.segment == nullptr || account.dead_bytes == 0) continue;
    if (std::find(excluded.begin(), excluded.end(), slot) != excluded.end()) continue;
    oldest = std::min(oldest, MadeAt(account));
  }
  return oldest;
}

std::vector<std::uint32_t> PickInputs(const SegmentAccounts& accounts, const CompactionAim& aim) {
  std::vector<Candidate> candidates = FindCandidates(accounts);
  const auto by_age = [](const Candidate& a, const Candidate& b) { return a.made < b.made; };
  const auto by_gain = [](const Candidate& a, const Candidate& b) { return a.gained_share > b.gained_share; };
  if (aim.made_before != 0) {
    std::erase_if(candidates, [&](const Candidate& candidate) { return candidate.made >= aim.made_before; });
    std::sort(candidates.begin(), candidates.end(), by_age);
    return TakeUpTo(aim.copied_bytes_max, candidates);
  }
  std::vector<Candidate> worthwhile = candidates;
  std::erase_if(worthwhile, [](const Candidate& candidate) { return candidate.gained_share < kWorthwhileShare; });
  if (!worthwhile.empty()) {
    // What needs no copying goes by itself, since it needs no room either: the way out where the disk is full.
    const auto is_copied = [](const Candidate& candidate) { return candidate.copied_bytes > 0; };
    if (!std::all_of(worthwhile.begin(), worthwhile.end(), is_copied)) std::erase_if(worthwhile, is_copied);
    std::sort(worthwhile.begin(), worthwhile.end(), by_gain);
    return TakeUpTo(aim.copied_bytes_max, worthwhile);
  }
  const bool has_tombstones = std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
    return accounts[candidate.slot].tombstone_bytes > 0;
  });
  // What holds tombstones that must stay, and nothing dead, would be copied as it is, again and again.
  std::erase_if(candidates, [&](const Candidate& candidate) { return accounts[candidate.slot].dead_bytes == 0; });
  const auto oldest = std::min_element(candidates.begin(), candidates.end(), by_age);
  if (oldest == candidates.end() || !has_tombstones) return {};
  return {oldest->slot};
}

}  // namespace kvs::store
