// Leaf: a small hash table of up to 32 entries in four cache lines. An entry is a location and a 16-bit key hash.
//
// Design      The upper two bits of the tag choose the home line of an entry. If that line is full, the entry goes to
//             the next line with room, cyclically. So a leaf holds 32 entries whatever their tags. A search starts in
//             the home line and ends at a line with an empty slot, so it usually touches one line. Erasing an entry
//             from a line without an empty slot leaves a mark, which the next insertion reuses. The tag determines the
//             home line, so entries move to another leaf without reading their keys.
// Threads     One writer; any number of readers, without locks.
//
// Invariants  I1  A slot holds 0 (empty), a mark with location 0 (erased), or a live entry.
//             I2  A line that once had no empty slot never has one again. So a search does not end at that line, and
//                 finds the entries that overflowed from it.
//             I3  An entry stays in its slot until it is erased. A reader can miss both the old and the new slot of a
//                 key that is erased and inserted again. It then read while the key was absent.
// Fences      P1  entry:  release store in Store() -> acquire load in Load(). The record of an entry that is seen is
//                 whole.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/location.h"
#include "base/prefetch.h"
#include "base/uninitialized_array.h"

namespace kvs::index {

using Tag = std::uint16_t;

class LeafEntry {
 public:
  constexpr LeafEntry() = default;  // Empty.
  constexpr LeafEntry(Tag tag, base::Location location)
      : bits_(std::uint64_t{tag} << base::Location::kBits | location.bits()) {}
  static constexpr LeafEntry Erased() { return FromBits(std::uint64_t{1} << base::Location::kBits); }
  static constexpr LeafEntry FromBits(std::uint64_t bits) {
    LeafEntry entry;
    entry.bits_ = bits;
    return entry;
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr bool is_empty() const { return bits_ == 0; }
  constexpr bool is_live() const { return bits_ << (64 - base::Location::kBits) != 0; }
  constexpr Tag tag() const { return static_cast<Tag>(bits_ >> base::Location::kBits); }
  constexpr base::Location location() const {
    return base::Location::FromBits(bits_ & ((std::uint64_t{1} << base::Location::kBits) - 1));
  }

  friend constexpr bool operator==(LeafEntry, LeafEntry) = default;

 private:
  std::uint64_t bits_ = 0;
};

class alignas(64) Leaf {
 public:
  static constexpr unsigned kLines = 4;
  static constexpr unsigned kLineSlots = 8;
  static constexpr unsigned kSlots = kLines * kLineSlots;

  // The entries of one line when it was read.
  struct Line {
    std::array<LeafEntry, kLineSlots> entries;

    // The slots of live entries with `tag`, as bits; bit 0 is the first slot of the line.
    unsigned SlotsWith(Tag tag) const;
    bool has_empty() const;
  };

  static constexpr unsigned HomeLine(Tag tag) { return tag >> 14; }
  // The line to search in step 0, 1, 2 or 3.
  static constexpr unsigned LineOf(Tag tag, unsigned step) { return (HomeLine(tag) + step) % kLines; }

  LeafEntry Load(unsigned slot) const {
    return LeafEntry::FromBits(entries_[slot].load(std::memory_order_acquire));  // P1
  }
  Line LoadLine(unsigned line) const;
  void PrefetchLine(unsigned line) const { base::Prefetch(&entries_[std::size_t{line} * kLineSlots]); }
  void PrefetchLines() const { base::Prefetch(this, sizeof *this); }
  unsigned CountLive() const;

  // The slot of exactly this entry. No key is compared.
  std::optional<unsigned> SlotOf(LeafEntry entry) const;

  // For the writer.
  void Overwrite(unsigned slot, LeafEntry entry) { Store(slot, entry); }
  bool Insert(LeafEntry entry);  // False: all slots hold live entries.
  void Erase(unsigned slot);
  void InsertAllOf(const Leaf& other);  // There must be room for them.

 private:
  void Store(unsigned slot, LeafEntry entry) { entries_[slot].store(entry.bits(), std::memory_order_release); }  // P1

  std::array<std::atomic<std::uint64_t>, kSlots> entries_{};
};
static_assert(sizeof(Leaf) == 256);

inline Leaf::Line Leaf::LoadLine(unsigned line) const {
  Line loaded;
  for (unsigned i = 0; i < kLineSlots; ++i) loaded.entries[i] = Load(line * kLineSlots + i);
  return loaded;
}

inline unsigned Leaf::Line::SlotsWith(Tag tag) const {
  unsigned with_tag = 0;
  for (unsigned i = 0; i < kLineSlots; ++i) with_tag |= static_cast<unsigned>(entries[i].tag() == tag) << i;
  unsigned live = 0;
  for (unsigned left = with_tag; left != 0; left &= left - 1) {  // Seldom more than one.
    const auto i = static_cast<unsigned>(std::countr_zero(left));
    live |= static_cast<unsigned>(entries[i].is_live()) << i;
  }
  return live;
}

inline bool Leaf::Line::has_empty() const {
  bool found = false;
  for (const LeafEntry entry : entries) found |= entry.is_empty();
  return found;
}

// The locations of a leaf's live entries, each as it was at some moment.
class LiveLocations {
 public:
  explicit LiveLocations(const Leaf& leaf) {
    std::size_t count = 0;  // In a register, since the next location waits for it.
    for (unsigned slot = 0; slot < Leaf::kSlots; ++slot) {
      const base::Location location = leaf.Load(slot).location();
      locations_[count] = location;
      count += location.is_none() ? 0 : 1;
    }
    count_ = count;
  }

  std::span<const base::Location> all() const { return locations_.first(count_); }

 private:
  base::UninitializedArray<base::Location, Leaf::kSlots + 1> locations_;  // One more, written but not counted.
  std::size_t count_;
};

}  // namespace kvs::index
