// CpuTime: the user and system time of a process and all its threads, also of ended ones.
//
// Design      The process's own CPU clock, which the kernel lets others read: the sum of utime and stime of
//             /proc/<pid>/stat, but in nanoseconds instead of ticks of 10 ms.
// Errors      A process that is not there ends the program: a server that died has no figures.
#pragma once

#include <sys/types.h>

namespace kvs::bench {

double CpuSecondsOf(pid_t process);
double OwnCpuSeconds();

}  // namespace kvs::bench
