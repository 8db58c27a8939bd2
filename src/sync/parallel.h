// ForEachInParallel: calls a function with each number below `count`, on one thread per core, the caller's included. If
// the system has fewer threads left, it uses those.
//
// Ordering    Numbers are given out in rising order. All calls happen before the return.
// Errors      The first error that a call returned; kNoSpace if it found no memory. Numbers that were not given out
//             before that are left out.
#pragma once

#include <cstddef>

#include "kvs/function_ref.h"
#include "kvs/result.h"

namespace kvs::sync {

Status ForEachInParallel(std::size_t count, FunctionRef<Status(std::size_t number)> call);

}  // namespace kvs::sync
