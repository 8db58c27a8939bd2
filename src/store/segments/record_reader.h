// RecordReader: from a location to the record there; for the index, from a location to its key.
//
// Threads     Call anything from any thread, under an epoch pin or the append lock: the views live as long as that.
// Errors      A record that is not intact is nullopt or kDamaged, never another record and never "no such key".
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/location.h"
#include "index/key_source.h"
#include "log/record.h"
#include "store/segments/slot_map.h"

namespace kvs::store {

// A record to be copied into another segment. The views point into the segment that has it.
struct RecordCopy {
  log::Record record;
  log::RecordDraft draft;
  std::uint64_t sequence;
};

class RecordReader final : public index::KeySource {
 public:
  explicit RecordReader(const SlotMap& segments) : segments_(segments) {}

  index::Match Compare(base::Location location, std::string_view key) const override;
  std::optional<std::string_view> KeyAt(base::Location location) const override;
  std::optional<std::string_view> UncheckedKeyAt(base::Location location) const override;
  void Prefetch(base::Location location) const override;
  std::uint64_t Generation() const override { return segments_.generation(); }

  // As Compare(), but kSame only if every byte of the record is right, which is in `record` then.
  index::Match ReadIfSame(base::Location location, std::string_view key, log::Record& record) const;

  // The record, every byte of it checked.
  std::optional<log::Record> Read(base::Location location) const;
  // The same, with a draft of the record for another segment. Hashes the bytes once for both.
  std::optional<RecordCopy> ReadToCopy(base::Location location) const;
  // The records at all of the locations, every byte of them checked, into the first places of `records`. Returns the
  // location of one that is not intact.
  std::optional<base::Location> ReadMany(std::span<const base::Location> locations,
                                         std::span<log::Record> records) const;
  // Prefetches all of them in one loop: a prefetch waits for its address, and several wait together.
  void PrefetchMany(std::span<const base::Location> locations) const;
  // The record, its form checked: for a caller that has seen it whole, or that only counts bytes.
  std::optional<log::Record> Decode(base::Location location) const;
  // Its place in the order of all writes; of a record that decodes.
  std::uint64_t SequenceOf(base::Location location, const log::Record& record) const;

  // kCorruption that names file and offset.
  Error DamageAt(base::Location location) const;

 private:
  const SlotMap& segments_;
};

}  // namespace kvs::store
