#include "index/claim_sorter.h"

#include <algorithm>
#include <string_view>

#include "base/probe.h"
#include "base/tunable.h"

namespace kvs::index {
namespace {

// The number of records to prefetch ahead: about as many as memory serves in parallel.
KVS_TUNABLE(std::size_t, kAhead, 16, 1, 64);

void KeepNewest(std::span<Claim> claims, FunctionRef<void(const Claim&)> superseded) {
  for (Claim& claim : claims.subspan(1)) {
    superseded(claim);
    claim.entry = LeafEntry();
  }
}

}  // namespace

std::optional<base::Location> ClaimSorter::Sort(std::span<Claim> claims, std::size_t depth,
                                                FunctionRef<void(const Claim&)> superseded) {
  SortByHead({claims, depth}, superseded);
  while (!tied_.empty()) {
    KVS_PROBE("claims are tied beyond their heads");
    Group group = tied_.back();
    tied_.pop_back();
    if (const auto damaged = Deepen(&group)) return damaged;
    SortByHead(group, superseded);
  }
  return std::nullopt;
}

// Among equal heads the newest claim comes first.
void ClaimSorter::SortByHead(const Group& group, FunctionRef<void(const Claim&)> superseded) {
  std::sort(group.claims.begin(), group.claims.end(),
            [](const Claim& a, const Claim& b) { return a.head != b.head ? a.head < b.head : a.order > b.order; });
  for (std::size_t begin = 0; begin < group.claims.size();) {
    const std::uint64_t head = group.claims[begin].head;
    std::size_t end = begin + 1;
    while (end < group.claims.size() && group.claims[end].head == head) ++end;
    const std::span<Claim> tied = group.claims.subspan(begin, end - begin);
    if (tied.size() > 1 && EndsKey(head)) KeepNewest(tied, superseded);
    if (tied.size() > 1 && !EndsKey(head)) tied_.push_back({tied, group.depth + kHeadKeyBytes});
    begin = end;
  }
}

// Gives the claims new heads after everything that their keys have in common.
std::optional<base::Location> ClaimSorter::Deepen(Group* group) const {
  const std::span<Claim> claims = group->claims;
  for (std::size_t i = 0; i < std::min(kAhead, claims.size()); ++i) keys_.Prefetch(claims[i].entry.location());
  std::string_view common;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (i + kAhead < claims.size()) keys_.Prefetch(claims[i + kAhead].entry.location());
    const auto key = keys_.KeyAt(claims[i].entry.location());
    if (!key || key->size() < group->depth) return claims[i].entry.location();
    const std::string_view rest = key->substr(group->depth);
    if (i == 0) common = rest;
    const auto [end, _] = std::mismatch(common.begin(), common.end(), rest.begin(), rest.end());
    common = common.substr(0, static_cast<std::size_t>(end - common.begin()));
  }
  group->depth += common.size();
  for (std::size_t i = 0; i < claims.size(); ++i) {
    if (i + kAhead < claims.size()) keys_.Prefetch(claims[i + kAhead].entry.location());
    const auto key = keys_.KeyAt(claims[i].entry.location());
    if (!key || key->size() < group->depth) return claims[i].entry.location();
    claims[i].head = HeadOf(*key, group->depth);
  }
  return std::nullopt;
}

}  // namespace kvs::index
