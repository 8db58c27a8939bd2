// The mappings that a process may have (Linux: vm.max_map_count), some of which are left free for what takes one by
// need: the index, allocations, threads.
//
// Threads     Call anything from any thread.
#pragma once

#include "kvs/result.h"

namespace kvs::io {

// kNoSpace with ENOMEM where not even a sixteenth of them, or 1,024, can still be had. Found by trying, which takes
// some tenths of a millisecond.
Status CheckFreeMappings();

}  // namespace kvs::io
