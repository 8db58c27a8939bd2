// KVS_PROBE: names a rare path, so that a run of all tests can list the rare paths that no test has reached.
//
//     if (room_is_missing) {
//       KVS_PROBE("writer waits for room");
//
// Design      With the CMake option KVS_PROBES, a process records each probe when it first reaches it. The record is an
//             empty directory with the probe's name, in the directory named by KVS_PROBE_DIR. Making a directory is one
//             system call and needs neither a descriptor nor room in a file. So it works in a forked child, before
//             SIGKILL, and if descriptors or file sizes are limited. Without the option, probes and their conditions
//             compile to nothing.
//             `./dev probes` runs all tests and lists the probes that none reached. docs/probes.md explains the
//             exceptions.
// Threads     Any thread and any signal handler; errno is kept.
// Limits      A name is a literal, unique in src/, of at most 60 lower-case letters, digits, spaces, hyphens and
//             commas. tools/tidy.py checks that.
//
// Fences      R1  is_reached_: relaxed. Two threads may record the same probe, which makes one directory.
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

// As KVS_PROBE, if `condition` holds. `condition` must have no side effect.
#define KVS_PROBE_IF(condition, name) \
  do {                                \
    if (condition) KVS_PROBE(name);   \
  } while (false)

#else

#define KVS_PROBE(name) static_cast<void>(0)
#define KVS_PROBE_IF(condition, name) static_cast<void>(0)

#endif
