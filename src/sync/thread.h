// StartThread: starts a thread. The exception of std::thread becomes an Error.
//
// Errors      kNoSpace: the system has no thread left.
#pragma once

#include <functional>
#include <thread>

#include "kvs/result.h"

namespace kvs::sync {

Result<std::thread> StartThread(std::function<void()> body);

}  // namespace kvs::sync
