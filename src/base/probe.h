// KVS_PROBE: names a rare path, so that a run of all tests can tell which rare paths no test has reached.
//
//     if (room_is_missing) {
//       KVS_PROBE("writer waits for room");
//
// Design      With the CMake option KVS_PROBES a process notes each probe that it reaches, the first time, as an empty
//             directory with the probe's name in the directory that KVS_PROBE_DIR names. A directory is made by one
//             system call, which takes no descriptor and no room in a file: so it works in a forked child, before
//             SIGKILL, and while descriptors or the sizes of files are limited. Without the option, probes and their
//             conditions compile to nothing.
//             `./dev probes` runs all tests and lists what was not reached; docs/probes.md argues the exceptions.
// Threads     Any, and signal handlers: errno stays as it is.
// Limits      A name is a literal, unique in src/, of at most 60 lower-case letters, digits, spaces, hyphens and
//             commas. tools/tidy.py checks that.
//
// Fences      R1  is_reached_: relaxed. Two threads may note the same probe; that is noted once.
#pragma once

#if defined(KVS_PROBES)

#include <atomic>

namespace kvs::base {

class Probe {
 public:
  constexpr explicit Probe(const char* name) : name_(name) {}

  void Reach() {
    if (is_reached_.load(std::memory_order_relaxed)) [[likely]]
      return;                                            // R1
    is_reached_.store(true, std::memory_order_relaxed);  // R1
    Note();
  }

 private:
  void Note() const;

  const char* const name_;
  std::atomic<bool> is_reached_{false};
};

}  // namespace kvs::base

#define KVS_PROBE(name)                                  \
  do {                                                   \
    static constinit ::kvs::base::Probe kvs_probe(name); \
    kvs_probe.Reach();                                   \
  } while (false)

// The same for a line of its own beside a condition: `condition` must have no side effect.
#define KVS_PROBE_IF(condition, name) \
  do {                                \
    if (condition) KVS_PROBE(name);   \
  } while (false)

#else

#define KVS_PROBE(name) static_cast<void>(0)
#define KVS_PROBE_IF(condition, name) static_cast<void>(0)

#endif
