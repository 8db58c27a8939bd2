// DeadRecords: the set of records of a segment that are garbage.
//
// Design      A bit for each eight bytes of the segment, because no two records begin within the same eight bytes. So
//             the set has a 64th of the segment's size.
// Threads     One at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "log/record.h"

namespace kvs::store {

class DeadRecords {
 public:
  // offsets: in, of the first bytes of the records, below `segment_bytes`, in any order.
  DeadRecords(std::uint64_t segment_bytes, std::span<const std::uint32_t> offsets)
      : words_(UnitOf(segment_bytes) / kBitsPerWord + 1) {
    for (const std::uint32_t offset : offsets) words_[UnitOf(offset) / kBitsPerWord] |= BitOf(offset);
  }

  bool Contains(std::uint64_t offset) const { return (words_[UnitOf(offset) / kBitsPerWord] & BitOf(offset)) != 0; }

 private:
  static constexpr std::uint64_t kBytesPerBit = log::kRecordHeaderBytesMin;
  static constexpr std::uint64_t kBitsPerWord = 64;

  static std::uint64_t UnitOf(std::uint64_t offset) { return offset / kBytesPerBit; }
  static std::uint64_t BitOf(std::uint64_t offset) { return std::uint64_t{1} << (UnitOf(offset) % kBitsPerWord); }

  std::vector<std::uint64_t> words_;
};

}  // namespace kvs::store
