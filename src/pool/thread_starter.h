// Starting threads where the system may refuse: the exception of std::thread becomes an Error.
#pragma once

#include <functional>
#include <thread>
#include <vector>

#include "kvs/result.h"

namespace kvs::pool {

inline constexpr unsigned kThreadsMax = 1'024;  // In one pool.

// kInvalidArgument unless a pool of `threads` threads makes sense.
Status CheckThreads(unsigned threads);

// kIo: the system has no thread left.
Result<std::thread> StartThread(std::function<void()> body);

// Appends `count` threads that run `body` to `threads`. On kIo those that did start stand in `threads` and run: to tell
// them to end is up to the caller, who knows what they wait for.
Status StartThreads(unsigned count, const std::function<void()>& body, std::vector<std::thread>& threads);

}  // namespace kvs::pool
