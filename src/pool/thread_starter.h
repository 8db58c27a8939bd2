// The threads of a pool: how many make sense, and starting them where the system may refuse.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "kvs/result.h"

namespace kvs::pool {

inline constexpr unsigned kThreadsMax = 1'024;  // In one pool.

// kInvalidArgument unless a pool of `threads` threads makes sense.
Status CheckThreads(unsigned threads);

// Appends `count` threads that run `body` to `threads`. On kNoSpace those that did start are in `threads` and
// run: to tell them to end is up to the caller, who knows what they wait for.
Status StartThreads(unsigned count, const std::function<void()>& body, std::vector<std::thread>& threads);

}  // namespace kvs::pool
