// CpuTime: how long a process has been on the processors, user and system together, all its threads, ended ones too.
//
// Design      The process's own CPU clock, which the kernel lets others read: the sum of utime and stime of
//             /proc/<pid>/stat, but in nanoseconds, where those come in ticks of 10 ms.
// Errors      A process that is not there ends the program: a server that died has no figures.
#pragma once

#include <sys/types.h>

namespace kvs::bench {

double CpuSecondsOf(pid_t process);
double OwnCpuSeconds();

}  // namespace kvs::bench
