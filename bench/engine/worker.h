// The worker: a process of its own for each engine and data set, so that memory and CPU time are that engine's alone.
//
// Design      The bench starts itself again with --worker. Commands come as lines on standard input; each is answered
//             by one line of "name=value" on standard output. End of input: close the store and end.
//
//   open FRESH               opens the store, and reads one key if FRESH is 0
//   run WORKLOAD THREADS SECONDS
//   compact                  the store's own compaction; `done` says whether it has one
//   describe                 the settings, as text
//   close                    ends the store; nothing but the end of input may follow
//   crash BYTES              overwrites so many bytes, then kills itself with SIGKILL: no answer
//
//             The worker of the limits (limits.h) knows open, run and close.
#pragma once

#include <string>

#include "engine.h"

namespace kvs::bench {

int RunWorker(const std::string& engine_name, const Settings& settings);

}  // namespace kvs::bench
