// ForEachInParallel: one call for each of `count` numbers, from as many threads as there are cores, or as the system
// has left; the caller's is among them.
//
// Ordering    Numbers are given out in rising order. What the calls did happens before the return.
// Errors      The first error that a call returned, kNoSpace where it found no memory; numbers that were not given out
//             by then are left out.
#pragma once

#include <cstddef>

#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs::sync {

Status ForEachInParallel(std::size_t count, FunctionRef<Status(std::size_t number)> call);

}  // namespace kvs::sync
