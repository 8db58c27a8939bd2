// ClearLeftovers: removes files that have names of a store's files but do not belong to the store.
//
// Design      A crash leaves temporary files, hint files, and segments that the manifest does not name yet or no longer
//             names. These are removed. But a segment with records from after the end of the log is no leftover: an
//             older MANIFEST was put back. It is set aside, under a name that no opening reads. A file that only has
//             the name of a kvs file belongs to others and stays.
// Invariants  I1  A segment is removed only if its content proves that nothing is lost. Every record in it is at or
//                 before the end of the log, and all segments of the manifest are present. So it is a copy, or a
//                 durable manifest has dropped it. Bytes after its last record are zero, or the segment is an output of
//                 compaction that a power cut has torn: an output is synced before a manifest names it.
//             I2  No new segment gets the id of a file that stays or was set aside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/manifest.h"

namespace kvs::store {

// last_sequence: in, of the last record in the log, whose segments were all found. log: in, gets a line per segment
// that stays or is set aside; may be empty. manifest: in/out, its next segment id rises if I2 demands it. The only
// error is a directory that cannot be listed. A file that cannot be removed does no harm.
Status ClearLeftovers(io::FileSystem& files, const std::filesystem::path& directory, std::uint64_t last_sequence,
                      const std::function<void(const std::string&)>& log, log::Manifest* manifest);

}  // namespace kvs::store
