// CheckThreads, StartThreads: the threads of a pool.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "kvs/result.h"

namespace kvs::pool {

inline constexpr unsigned kThreadsMax = 1'024;  // In one pool.

// kInvalidArgument unless `threads` is 1..kThreadsMax.
Status CheckThreads(unsigned threads);

// Appends `count` threads that run `body` to `threads`. On kNoSpace `threads` has those that did start. They run, and
// the caller has to end them.
Status StartThreads(unsigned count, const std::function<void()>& body, std::vector<std::thread>& threads);

}  // namespace kvs::pool
