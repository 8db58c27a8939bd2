// Location: the place of a record, in 48 bits: the slot of its segment and the offset of its first byte.
//
// A slot is a small number that a segment has while it is open. Slots are reused; segment ids on disk never are. Offset
// 0 is the segment's header, never a record, so the all-zero location means "none".
#pragma once

#include <cstdint>

#include "base/check.h"

namespace kvs::base {

class Location {
 public:
  static constexpr int kBits = 48;
  static constexpr int kOffsetBits = 30;  // A segment addresses records in its first 1 GiB.
  static constexpr std::uint64_t kOffsetMax = (std::uint64_t{1} << kOffsetBits) - 1;
  static constexpr std::uint32_t kSlotMax = (std::uint32_t{1} << (kBits - kOffsetBits)) - 1;

  constexpr Location() = default;
  Location(std::uint32_t slot, std::uint64_t offset) : bits_(std::uint64_t{slot} << kOffsetBits | offset) {
    KVS_CHECK(slot <= kSlotMax && offset <= kOffsetMax);
  }
  static constexpr Location FromBits(std::uint64_t bits) {
    Location location;
    location.bits_ = bits;
    return location;
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr std::uint32_t slot() const { return static_cast<std::uint32_t>(bits_ >> kOffsetBits); }
  constexpr std::uint64_t offset() const { return bits_ & kOffsetMax; }
  constexpr bool is_none() const { return bits_ == 0; }

  friend constexpr bool operator==(Location, Location) = default;

 private:
  std::uint64_t bits_ = 0;
};

}  // namespace kvs::base
