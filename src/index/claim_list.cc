#include "index/claim_list.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "base/probe.h"

namespace kvs::index {
namespace {

// The number of splitters that are not above the head, without a branch that could be mispredicted.
std::uint32_t PartOf(std::uint64_t head, std::span<const std::uint64_t> splitters) {
  const std::uint64_t* base = splitters.data();
  std::size_t left = splitters.size();
  while (left > 1) {
    const std::size_t half = left / 2;
    base = base[half - 1] <= head ? base + half : base;
    left -= half;
  }
  const std::size_t before = static_cast<std::size_t>(base - splitters.data());
  return static_cast<std::uint32_t>(before + (left == 1 && *base <= head ? 1 : 0));
}

}  // namespace

// The first block takes memory as it is touched, because a list may be short.
void ClaimList::AddBlock(std::string_view key) {
  using Given = base::HugePage::Given;
  if (blocks_.empty()) common_ = key.substr(0, kDepthMax);
  blocks_.push_back({base::HugePage(blocks_.empty() ? Given::kAsTouched : Given::kAtOnce)});
}

void ClaimList::Shorten(std::string_view key) {
  KVS_PROBE("claims begin differently than the first ones");
  const auto [end, _] = std::mismatch(common_.begin(), common_.end(), key.begin(), key.end());
  SetDepth(static_cast<std::size_t>(end - common_.begin()));
}

void ClaimList::SetDepth(std::size_t depth) {
  if (depth >= common_.size()) return;
  const std::string_view given_up = std::string_view(common_).substr(depth);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    for (Claim& claim : block(i)) claim.head = PrependToHead(given_up, claim.head);
  }
  common_.resize(depth);
}

// Moves claims to their places in cycles: each claim that is taken out makes room for the next.
void ClaimList::PartitionBlock(std::size_t i, std::span<const std::uint64_t> splitters) {
  const std::span<Claim> claims = block(i);
  const std::size_t parts = splitters.size() + 1;
  std::vector<std::uint32_t> part_of(claims.size());
  std::vector<std::uint32_t>& begins = blocks_[i].part_begins;
  begins.assign(parts + 1, 0);
  for (std::size_t c = 0; c < claims.size(); ++c) {
    part_of[c] = PartOf(claims[c].head, splitters);
    ++begins[part_of[c] + 1];
  }
  std::partial_sum(begins.begin(), begins.end(), begins.begin());

  std::vector<std::uint32_t> next(begins.begin(), begins.end() - 1);
  for (std::size_t part = 0; part < parts; ++part) {
    for (std::uint32_t at = next[part]; at < begins[part + 1]; at = ++next[part]) {
      while (part_of[at] != part) {
        const std::uint32_t to = next[part_of[at]]++;
        std::swap(claims[at], claims[to]);
        std::swap(part_of[at], part_of[to]);
      }
    }
  }
}

}  // namespace kvs::index
