#include "cpu_time.h"

#include <time.h>

#include <string>

#include "die.h"

namespace kvs::bench {
namespace {

double SecondsOf(clockid_t clock) {
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return -1;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

double CpuSecondsOf(pid_t process) {
  clockid_t clock{};
  const double seconds = ::clock_getcpuclockid(process, &clock) == 0 ? SecondsOf(clock) : -1;
  if (seconds < 0) Die("no CPU time of process " + std::to_string(process) + ": has the server ended?");
  return seconds;
}

double OwnCpuSeconds() { return SecondsOf(CLOCK_PROCESS_CPUTIME_ID); }

}  // namespace kvs::bench
