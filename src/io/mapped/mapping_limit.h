// The limit of mappings per process (Linux: vm.max_map_count). Some are left free for the index, allocations and
// threads.
//
// Threads     Call anything from any thread.
#pragma once

#include "kvs/result.h"

namespace kvs::io {

// kNoSpace with ENOMEM: fewer mappings are left than 1,024 or a sixteenth of the limit, whichever is smaller. The check
// tries to make that many, which takes some tenths of a millisecond.
Status CheckFreeMappings();

}  // namespace kvs::io
