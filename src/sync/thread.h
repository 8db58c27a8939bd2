// StartThread and Join: start a thread, and wait for its end. The thread belongs to the Schedule of the caller, if
// there is one.
//
// Errors      kNoSpace: the system has no thread left. Nothing is thrown.
#pragma once

#include <functional>
#include <thread>

#include "kvs/result.h"

namespace kvs::sync {

Result<std::thread> StartThread(std::function<void()> body);

// Does nothing for a thread that was not started, or was joined before.
void Join(std::thread& thread);

}  // namespace kvs::sync
