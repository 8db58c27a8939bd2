// SegmentAccounts: how many bytes each segment holds, and how many of them are live. Compaction decides by these
// figures.
//
// Design      A plain table with an account per slot, and running totals.
// Threads     None of its own: the SegmentTable guards it with the append lock.
//
// Invariants  I1  live_bytes of an account = the bytes of its put records that the index points at.
//             I2  dead_bytes of an account = the bytes of its other put records.
//             I3  The totals are the sums over the accounts.
//             I4  After ListDeaths() dead_offsets of an account, if it has them, lists exactly the puts that dead_bytes
//                 counts.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/location.h"
#include "base/tunable.h"
#include "log/segment.h"

namespace kvs::store {

// A full store compacts a segment only if it gains at least this much.
KVS_TUNABLE(std::uint64_t, kGainBytesMin, std::uint64_t{16} << 10, std::uint64_t{1} << 10, std::uint64_t{64} << 10);

struct SegmentAccount {
  std::shared_ptr<log::Segment> segment;  // nullptr: the account is closed.
  bool is_sealed = false;                 // Only sealed segments are compacted.
  bool is_damaged = false;                // Compaction found a bad record, and leaves the segment as it is.
  std::uint64_t file_bytes = 0;           // The size on the disk, with room that is only reserved.
  std::uint64_t hint_bytes = 0;
  std::uint64_t live_bytes = 0;  // The size of the puts that the index points at.
  std::uint64_t dead_bytes = 0;  // The size of the puts that it no longer points at.
  std::uint64_t tombstone_bytes = 0;
  std::uint64_t newest_tombstone = 0;  // The highest sequence of a tombstone in it.
  // The offsets of the puts that dead_bytes counts, in the order in which they died; nullopt: not known.
  std::optional<std::vector<std::uint32_t>> dead_offsets;

  std::uint64_t disk_bytes() const { return file_bytes + hint_bytes; }
};

class SegmentAccounts {
 public:
  struct Totals {
    std::uint64_t segments = 0;
    std::uint64_t disk_bytes = 0;
    std::uint64_t live_bytes = 0;
    std::uint64_t sealed_disk_bytes = 0;
    std::uint64_t sealed_live_bytes = 0;
  };

  // Reserve() keeps a slot for a segment that had it before. AddAt() opens the account of that slot.
  void Reserve(std::uint32_t slot);
  void AddAt(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes);

  // Opens an account and returns its slot.
  std::uint32_t Add(std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes);
  // From now on lists the puts that die in a segment. None may have died in it yet.
  void ListDeaths(std::uint32_t slot) { accounts_[slot].dead_offsets.emplace(); }
  // Closes the account: its bytes no longer count, its slot stays taken until FreeSlot().
  std::shared_ptr<log::Segment> Close(std::uint32_t slot);
  void FreeSlot(std::uint32_t slot);

  void SetFileBytes(std::uint32_t slot, std::uint64_t file_bytes);
  void Seal(std::uint32_t slot, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes,
            std::uint64_t hint_bytes);
  void MarkDamaged(std::uint32_t slot) { accounts_[slot].is_damaged = true; }

  void AddLive(std::uint32_t slot, std::uint64_t bytes);
  void LiveToDead(base::Location put, std::uint64_t bytes);
  void AddDead(base::Location put, std::uint64_t bytes);
  void AddTombstone(std::uint32_t slot, std::uint64_t bytes, std::uint64_t sequence);
  // The same for many puts together, in a segment without dead_offsets.
  void LiveToDead(std::uint32_t slot, std::uint64_t bytes);
  void AddDead(std::uint32_t slot, std::uint64_t bytes) { accounts_[slot].dead_bytes += bytes; }

  const SegmentAccount& operator[](std::uint32_t slot) const { return accounts_[slot]; }
  // All slots that were ever used. A slot without a segment has no account.
  const std::vector<SegmentAccount>& accounts() const { return accounts_; }
  const Totals& totals() const { return totals_; }

 private:
  void NoteDeath(base::Location put);

  std::vector<SegmentAccount> accounts_;
  std::vector<std::uint32_t> free_slots_;
  Totals totals_;
};

}  // namespace kvs::store
