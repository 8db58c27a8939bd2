#include "store/recovery/torn_bytes.h"

#include "base/probe.h"
#include "base/try.h"
#include "log/file_names.h"

namespace kvs::store {
namespace {

// The first free name for a copy.
Result<std::filesystem::path> NewTornPath(io::FileSystem& files, const std::filesystem::path& directory,
                                          std::uint64_t segment_id) {
  for (unsigned number = 1;; ++number) {
    std::filesystem::path path = log::TornPath(directory, segment_id, number);
    KVS_TRY_ASSIGN(const bool exists, files.Exists(path));
    KVS_PROBE_IF(exists, "name for torn bytes is taken");
    if (!exists) return path;
  }
}

}  // namespace

Status KeepTornBytes(io::FileSystem& files, const std::filesystem::path& directory, const OpenPart& part,
                     const std::function<void(const std::string&)>& log) {
  if (part.torn_bytes == 0) return Ok();
  KVS_TRY_ASSIGN(const auto path, NewTornPath(files, directory, part.segment->id()));
  Status kept = files.WriteFileAtomically(path, part.segment->BytesFrom(part.used_bytes).substr(0, part.torn_bytes));
  const bool is_half_a_record = part.segment->was_kept_in_cache();
  KVS_PROBE_IF(!kept && is_half_a_record, "half a record is cut off without a copy");
  if (!kept && !is_half_a_record) return kept;
  if (log) {
    log("cut off " + std::to_string(part.torn_bytes) + " bytes of " +
        log::SegmentPath(directory, part.segment->id()).string() + " from offset " + std::to_string(part.used_bytes) +
        " on, " + (kept ? "kept in " + path.string() : "and kept no copy: " + kept.error().ToString()));
  }
  return Ok();
}

}  // namespace kvs::store
