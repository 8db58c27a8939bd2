// CpuTime: how long a process has been on the processors, user and system together, all its threads.
//
// Errors      A process that is not there ends the program: a server that died has no figures.
#pragma once

#include <sys/types.h>

namespace kvs::bench {

// utime + stime of /proc/<pid>/stat: exact to a tick of the kernel, usually 10 ms.
double CpuSecondsOf(pid_t process);

// Of this process, to the microsecond.
double OwnCpuSeconds();

}  // namespace kvs::bench
