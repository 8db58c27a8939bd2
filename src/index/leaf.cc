#include "index/leaf.h"

#include "base/check.h"

namespace kvs::index {

unsigned Leaf::CountLive() const {
  unsigned live = 0;
  for (unsigned slot = 0; slot < kSlots; ++slot) live += Load(slot).is_live() ? 1 : 0;
  return live;
}

std::optional<unsigned> Leaf::SlotOf(LeafEntry entry) const {
  for (unsigned step = 0; step < kLines; ++step) {
    const unsigned number = LineOf(entry.tag(), step);
    const Line line = LoadLine(number);
    for (unsigned i = 0; i < kLineSlots; ++i) {
      if (line.entries[i] == entry) return number * kLineSlots + i;
    }
    if (line.has_empty()) return std::nullopt;
  }
  return std::nullopt;
}

bool Leaf::Insert(LeafEntry entry) {
  for (unsigned step = 0; step < kLines; ++step) {
    const unsigned number = LineOf(entry.tag(), step);
    const Line line = LoadLine(number);
    for (unsigned i = 0; i < kLineSlots; ++i) {
      if (line.entries[i].is_live()) continue;
      Store(number * kLineSlots + i, entry);
      return true;
    }
  }
  return false;
}

void Leaf::Erase(unsigned slot) {
  const bool never_overflowed = LoadLine(slot / kLineSlots).has_empty();
  Store(slot, never_overflowed ? LeafEntry() : LeafEntry::Erased());  // I2
}

void Leaf::InsertAllOf(const Leaf& other) {
  for (unsigned slot = 0; slot < kSlots; ++slot) {
    const LeafEntry entry = other.Load(slot);
    if (entry.is_live()) KVS_CHECK(Insert(entry));
  }
}

}  // namespace kvs::index
