#include "store/tail/log_image.h"

#include "log/segment_header.h"

namespace kvs::store {

LogImage TakeLogImage(const AppendLock::Held& held, const LiveLog& log) {
  LogImage image{.parts = {}, .sequence = log.tail.last_sequence(held)};
  const std::vector<SegmentAccount>& accounts = log.segments.accounts(held).accounts();
  for (std::uint32_t slot = 0; slot < accounts.size(); ++slot) {
    const SegmentAccount& account = accounts[slot];
    if (!account.is_sealed) continue;
    image.parts.push_back({.slot = slot,
                           .segment = account.segment,
                           .bytes = account.segment->readable_bytes(),
                           .is_sealed = true,
                           .last_sequence = 0});
  }
  for (const auto& [open, used_bytes] : log.tail.UnsyncedSegments(held).parts) {
    if (used_bytes == log::kSegmentHeaderBytes) continue;
    const bool is_active = open->last_sequence == 0;
    image.parts.push_back({.slot = open->slot(),
                           .segment = accounts[open->slot()].segment,
                           .bytes = used_bytes,
                           .is_sealed = false,
                           .last_sequence = is_active ? image.sequence : open->last_sequence});
  }
  return image;
}

}  // namespace kvs::store
