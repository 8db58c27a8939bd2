// CompactionParts: the parts of a store that compaction works with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "base/location.h"
#include "index/tree.h"
#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "store/segments/manifest_keeper.h"
#include "store/segments/record_reader.h"
#include "store/space/health.h"
#include "store/space/reserve.h"
#include "store/tail/committer.h"
#include "store/tail/live_log.h"

namespace kvs::store {

// The number of records that compaction looks up together, and moves in the index under one append lock. So writers
// wait only shortly.
inline constexpr std::size_t kCompactedTogether = index::Tree::kTogetherMax;

struct CompactionParts {  // All outlive the compactor.
  LiveLog& log;
  index::Tree& index;
  const RecordReader& records;
  Committer& committer;
  ManifestKeeper& manifest;
  Health& health;
  sync::EpochDomain& epochs;
  Reserve& reserve;
  io::FileSystem& files;
  const std::filesystem::path& directory;
  const KvStoreOptions& options;
  // Whether the pair has expired.
  std::function<bool(const log::Record& record)> is_expired;
  // Called under the append lock for an expired pair that was not copied.
  std::function<void(const AppendLock::Held& held, base::Location location)> forget_expired;

  // Removes the files of a segment that the manifest does not name. What cannot be removed is reported, and the next
  // opening removes it.
  void RemoveFiles(std::uint64_t segment_id) const;

  // Marks the segment of a bad record as damaged, so it is left as it is from now on. Takes the append lock.
  // Returns: the error to report.
  Error NoteDamage(base::Location location) const;
};

}  // namespace kvs::store
