// The limits of engine.h for batches, for engines that do not check them.
#pragma once

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs::adapters {

// kInvalidArgument if a limit of engine.h is broken, kUnsupported if a pair has an expiry.
Status CheckBatch(const WriteBatch& batch);

}  // namespace kvs::adapters
