// ClaimList: the claims of the records of one segment, as they come, in large pages.
//
// Design      The depth begins at the end of the first key, and shrinks to what the keys have in common as they come:
//             the heads so far are then made longer at their front by bytes that are known. Before claims of many lists
//             are brought together, all lists go to one depth, and the claims of each block to one part after the
//             other, where parts are ranges of heads.
// Threads     One at a time.
// Limits      24 bytes a claim.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/huge_page.h"
#include "base/tunable.h"
#include "index/claim.h"

namespace kvs::index {

class ClaimList {
 public:
  static constexpr std::size_t kBlockClaims = base::HugePage::kBytes / sizeof(Claim);
  KVS_TUNABLE(std::size_t, kDepthMax, 256, 1, 512);  // Bounds how often heads are made longer.

  void Add(std::string_view key, Entry entry, std::uint64_t order) {
    if (count_ == blocks_.size() * kBlockClaims) AddBlock(key);
    if (!key.starts_with(common_)) Shorten(key);
    blocks_.back().claims()[count_++ % kBlockClaims] = {HeadOf(key, common_.size()), entry, order};
  }

  std::size_t count() const { return count_; }
  std::size_t blocks() const { return blocks_.size(); }
  std::span<Claim> block(std::size_t i) {
    return {blocks_[i].claims(), std::min(kBlockClaims, count_ - i * kBlockClaims)};
  }

  // What all keys begin with, up to kDepthMax bytes; of no keys: nothing.
  std::string_view common() const { return common_; }

  // Brings the depth down to `depth`, which is at most that of common().
  void SetDepth(std::size_t depth);

  // Orders the claims of a block by part: claim c belongs to the part that is the number of `splitters`, which ascend,
  // that are not above its head.
  void PartitionBlock(std::size_t i, std::span<const std::uint64_t> splitters);

  // The claims of the block that belong to the part.
  std::span<Claim> Part(std::size_t i, std::size_t part) {
    const std::vector<std::uint32_t>& begins = blocks_[i].part_begins;
    return block(i).subspan(begins[part], begins[part + 1] - begins[part]);
  }

 private:
  struct Block {
    base::HugePage page;
    std::vector<std::uint32_t> part_begins{};  // One more than there are parts.

    Claim* claims() const { return reinterpret_cast<Claim*>(page.data()); }
  };

  void AddBlock(std::string_view key);
  void Shorten(std::string_view key);

  std::vector<Block> blocks_;
  std::size_t count_ = 0;
  std::string common_;
};

}  // namespace kvs::index
