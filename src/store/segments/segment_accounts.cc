#include "store/segments/segment_accounts.h"

#include <algorithm>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/probe.h"

namespace kvs::store {

void SegmentAccounts::Reserve(std::uint32_t slot) {
  for (auto next = static_cast<std::uint32_t>(accounts_.size()); next <= slot; ++next) {
    accounts_.emplace_back();
    free_slots_.push_back(next);
  }
  std::erase(free_slots_, slot);
}

std::uint32_t SegmentAccounts::Add(std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) {
  std::uint32_t slot = static_cast<std::uint32_t>(accounts_.size());
  if (!free_slots_.empty()) {
    slot = free_slots_.back();
    free_slots_.pop_back();
  } else {
    accounts_.emplace_back();
  }
  AddAt(slot, std::move(segment), file_bytes);
  return slot;
}

void SegmentAccounts::AddAt(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes) {
  KVS_CHECK(accounts_[slot].segment == nullptr);
  accounts_[slot].segment = std::move(segment);
  accounts_[slot].file_bytes = file_bytes;
  totals_.segments += 1;
  totals_.disk_bytes += file_bytes;
}

std::shared_ptr<log::Segment> SegmentAccounts::Close(std::uint32_t slot) {
  SegmentAccount closed = std::exchange(accounts_[slot], SegmentAccount{});
  totals_.segments -= 1;
  totals_.disk_bytes -= closed.disk_bytes();
  totals_.live_bytes -= closed.live_bytes;
  if (closed.is_sealed) {
    totals_.sealed_disk_bytes -= closed.disk_bytes();
    totals_.sealed_live_bytes -= closed.live_bytes;
  }
  return std::move(closed.segment);
}

void SegmentAccounts::FreeSlot(std::uint32_t slot) {
  KVS_CHECK(accounts_[slot].segment == nullptr);
  free_slots_.push_back(slot);
}

void SegmentAccounts::SetFileBytes(std::uint32_t slot, std::uint64_t file_bytes) {
  SegmentAccount& account = accounts_[slot];
  KVS_CHECK(!account.is_sealed);
  totals_.disk_bytes += file_bytes - account.file_bytes;
  account.file_bytes = file_bytes;
}

void SegmentAccounts::Seal(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes,
                           std::uint64_t hint_bytes) {
  SetFileBytes(slot, file_bytes);
  SegmentAccount& account = accounts_[slot];
  account.segment = std::move(segment);
  account.hint_bytes = hint_bytes;
  account.is_sealed = true;
  totals_.disk_bytes += hint_bytes;
  totals_.sealed_disk_bytes += account.disk_bytes();
  totals_.sealed_live_bytes += account.live_bytes;
}

void SegmentAccounts::AddLive(std::uint32_t slot, std::uint64_t bytes) {
  SegmentAccount& account = accounts_[slot];
  account.live_bytes += bytes;
  totals_.live_bytes += bytes;
  if (account.is_sealed) totals_.sealed_live_bytes += bytes;
}

void SegmentAccounts::LiveToDead(std::uint32_t slot, std::uint64_t bytes) {
  SegmentAccount& account = accounts_[slot];
  bytes = std::min(bytes, account.live_bytes);  // A damaged length may be too large.
  account.live_bytes -= bytes;
  account.dead_bytes += bytes;
  totals_.live_bytes -= bytes;
  if (account.is_sealed) totals_.sealed_live_bytes -= bytes;
}

void SegmentAccounts::LiveToDead(base::Location put, std::uint64_t bytes) {
  LiveToDead(put.slot(), bytes);
  NoteDeath(put);
}

void SegmentAccounts::AddDead(base::Location put, std::uint64_t bytes) {
  AddDead(put.slot(), bytes);
  NoteDeath(put);
}

void SegmentAccounts::AddTombstone(std::uint32_t slot, std::uint64_t bytes, std::uint64_t sequence) {
  SegmentAccount& account = accounts_[slot];
  account.tombstone_bytes += bytes;
  account.newest_tombstone = std::max(account.newest_tombstone, sequence);
}

void SegmentAccounts::NoteDeath(base::Location put) {
  auto& dead_offsets = accounts_[put.slot()].dead_offsets;
  if (!dead_offsets) return;
  try {
    dead_offsets->push_back(static_cast<std::uint32_t>(put.offset()));
  } catch (const std::bad_alloc&) {  // Compaction asks the index instead.
    KVS_PROBE("no memory to note a dead record");
    dead_offsets.reset();
  }
}

}  // namespace kvs::store
