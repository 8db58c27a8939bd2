#include "store/compaction/compaction_parts.h"

#include <string>

#include "base/probe.h"
#include "log/file_names.h"

namespace kvs::store {

void CompactionParts::RemoveFiles(std::uint64_t segment_id) const {
  const Status removed = files.Remove(log::SegmentPath(directory, segment_id));
  KVS_PROBE_IF(!removed, "dropped segment stays");
  if (!removed && options.log) options.log("a dropped segment stays: " + removed.error().ToString());
  static_cast<void>(files.Remove(log::HintPath(directory, segment_id)).has_value());  // Most segments have none.
}

Error CompactionParts::NoteDamage(base::Location location) const {
  KVS_PROBE("compaction finds a damaged segment");
  const AppendLock::Held held(log.lock);
  log.segments.accounts(held).MarkDamaged(location.slot());
  return records.DamageAt(location);
}

}  // namespace kvs::store
