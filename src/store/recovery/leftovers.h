// ClearLeftovers: removes files in a store's directory that are named as its files are, and are not part of it.
//
// Design      A crash leaves temporaries, hint files, and segments that were made and not yet named by the manifest, or
//             named no longer and not yet removed. Those go. A segment that has records from after the end of the log
//             is no leftover: somebody put an older MANIFEST back. It is set aside under a name that no opening looks
//             at. A file that only has the name of one of ours belongs to somebody else and stays.
// Invariants  I1  A segment goes only if its content proves that nothing is lost: every record in it, if any, is at or
//                 before the end of the log, where all segments of the manifest are present. So it is a copy, or was
//                 dropped by a manifest that is durable. Or it is an output of compaction that a power cut has torn:
//                 one is synced before a manifest names it.
//             I2  No segment to come gets the id of a file that stays or was set aside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "io/file_system.h"
#include "kvs/result.h"
#include "log/manifest.h"

namespace kvs::store {

// `last_sequence`: where the log ends; all of its segments were found. `log`: may be empty, hears of each segment that
// stays or is set aside. `manifest`: its next segment id rises where I2 demands it.
// Only a directory that cannot be listed is an error: what cannot be removed does no harm.
Status ClearLeftovers(io::FileSystem& files, const std::filesystem::path& directory, std::uint64_t last_sequence,
                      const std::function<void(const std::string&)>& log, log::Manifest* manifest);

}  // namespace kvs::store
