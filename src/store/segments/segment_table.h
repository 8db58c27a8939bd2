// SegmentTable: the segments of an open store, with the slot and the account of each.
//
// Threads     Under the append lock. Readers use slots() without it.
// Ownership   A retired segment stays readable until no reader can be using it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "log/segment.h"
#include "store/segments/append_lock.h"
#include "store/segments/segment_accounts.h"
#include "store/segments/slot_map.h"
#include "sync/epoch.h"

namespace kvs::store {

class SegmentTable {
 public:
  explicit SegmentTable(sync::EpochDomain& epochs) : epochs_(epochs) {}

  const SlotMap& slots() const { return slots_; }
  SegmentAccounts& accounts(const AppendLock::Held&) { return accounts_; }
  const SegmentAccounts& accounts(const AppendLock::Held&) const { return accounts_; }

  // Makes a segment readable, and returns its slot.
  std::uint32_t Add(const AppendLock::Held& held, std::shared_ptr<log::Segment> segment, std::uint64_t file_bytes);
  // The same for a segment that the index does not point into yet.
  std::uint32_t AddNew(const AppendLock::Held& held, const std::shared_ptr<log::Segment>& segment);
  // The same for a segment whose slot was reserved.
  void AddAt(const AppendLock::Held& held, std::uint32_t slot, std::shared_ptr<log::Segment> segment,
             std::uint64_t file_bytes);
  // Puts the sealed form of a segment into its slot, where readers find it from now on.
  void Seal(const AppendLock::Held& held, std::uint32_t slot, std::shared_ptr<log::Segment> segment,
            std::uint64_t hint_bytes);

  // Closes the account of a segment. Its slot stays taken until no reader can be using the segment.
  void Retire(const AppendLock::Held& held, std::uint32_t slot);
  bool has_retired(const AppendLock::Held&) const { return !retired_.empty(); }
  // Removes and returns the retired segments that no reader can be using. The caller destroys them without the lock.
  std::vector<std::shared_ptr<log::Segment>> TakeUnreachable(const AppendLock::Held& held);

 private:
  struct Retired {
    std::uint64_t epoch;
    std::optional<std::uint32_t> slot;  // nullopt: its sealed form has the slot now.
    std::shared_ptr<log::Segment> segment;
  };

  sync::EpochDomain& epochs_;  // Constant after construction.
  SlotMap slots_;              // Written under the append lock, read without it.

  // Guarded by the append lock.
  SegmentAccounts accounts_;
  std::vector<Retired> retired_;
};

}  // namespace kvs::store
