#include "store/segments/segment_table.h"

#include <utility>

#include "base/probe.h"

namespace kvs::store {

std::uint32_t SegmentTable::Add(const AppendLock::Held&, std::shared_ptr<log::Segment> segment,
                                std::uint64_t file_bytes) {
  log::Segment* const readable = segment.get();
  const std::uint32_t slot = accounts_.Add(std::move(segment), file_bytes);
  slots_.Set(slot, readable);
  return slot;
}

std::uint32_t SegmentTable::AddNew(const AppendLock::Held& held, const std::shared_ptr<log::Segment>& segment) {
  const std::uint32_t slot = Add(held, segment, segment->readable_bytes());
  accounts_.ListDeaths(slot);
  return slot;
}

void SegmentTable::AddAt(const AppendLock::Held&, std::uint32_t slot, std::shared_ptr<log::Segment> segment,
                         std::uint64_t file_bytes) {
  slots_.Set(slot, segment.get());
  accounts_.AddAt(slot, std::move(segment), file_bytes);
}

void SegmentTable::Seal(const AppendLock::Held&, std::uint32_t slot, std::shared_ptr<log::Segment> segment,
                        std::uint64_t hint_bytes) {
  const std::shared_ptr<log::Segment> former = accounts_[slot].segment;
  if (segment != former) {
    slots_.Set(slot, segment.get());
    retired_.push_back({epochs_.EndEpoch(), std::nullopt, former});
  }
  const std::uint64_t file_bytes = segment->readable_bytes();
  accounts_.Seal(slot, std::move(segment), file_bytes, hint_bytes);
}

void SegmentTable::Retire(const AppendLock::Held&, std::uint32_t slot) {
  std::shared_ptr<log::Segment> segment = accounts_.Close(slot);
  retired_.push_back({epochs_.EndEpoch(), slot, std::move(segment)});
}

std::vector<std::shared_ptr<log::Segment>> SegmentTable::TakeUnreachable(const AppendLock::Held&) {
  std::vector<std::shared_ptr<log::Segment>> unreachable;
  if (retired_.empty()) return unreachable;
  const std::uint64_t oldest_pinned = epochs_.OldestPinned();
  std::erase_if(retired_, [&](Retired& retired) {
    KVS_PROBE_IF(retired.epoch >= oldest_pinned, "reader holds back a retired segment");
    if (retired.epoch >= oldest_pinned) return false;
    if (retired.slot) {
      slots_.Clear(*retired.slot);
      accounts_.FreeSlot(*retired.slot);
    }
    unreachable.push_back(std::move(retired.segment));
    return true;
  });
  return unreachable;
}

}  // namespace kvs::store
