// ClaimList: the claims of one segment's records, in log order, in large pages.
//
// Design      The depth starts at the length of the first key and shrinks to the common prefix of all keys. The earlier
//             heads are then extended at the front by bytes that are known. To merge many lists, all are brought to one
//             depth. Then the claims of each block are grouped into parts, which are ranges of heads.
// Threads     One thread at a time.
// Limits      24 bytes per claim.
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
  KVS_TUNABLE(std::size_t, kDepthMax, 256, 1, 512);  // Bounds how often heads are extended.

  void Add(std::string_view key, LeafEntry entry, std::uint64_t order) {
    if (count_ == blocks_.size() * kBlockClaims) AddBlock(key);
    if (!key.starts_with(common_)) Shorten(key);
    blocks_.back().claims()[count_++ % kBlockClaims] = {HeadOf(key, common_.size()), entry, order};
  }

  std::size_t count() const { return count_; }
  std::size_t blocks() const { return blocks_.size(); }
  std::span<Claim> block(std::size_t i) {
    return {blocks_[i].claims(), std::min(kBlockClaims, count_ - i * kBlockClaims)};
  }

  // The common prefix of all keys, up to kDepthMax bytes. Without keys it is empty.
  std::string_view common() const { return common_; }

  // Reduces the depth to `depth`, which is at most that of common().
  void SetDepth(std::size_t depth);

  // Groups the claims of a block by part. The part of a claim is the number of `splitters` that are not above its head.
  // splitters: in, in ascending order.
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
