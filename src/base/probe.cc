#include "base/probe.h"

#if defined(KVS_PROBES)

#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace kvs::base {
namespace {

// Read before any thread starts, because a thread might change the environment.
const char* const probe_directory = std::getenv("KVS_PROBE_DIR");

}  // namespace

void Probe::Note() const {
  if (probe_directory == nullptr) return;
  const int saved_errno = errno;
  std::array<char, 4096> path;
  const int characters = std::snprintf(path.data(), path.size(), "%s/%s", probe_directory, name_);
  if (characters > 0 && static_cast<std::size_t>(characters) < path.size()) {
    static_cast<void>(::mkdir(path.data(), 0755));  // The directory may exist already.
  }
  errno = saved_errno;
}

}  // namespace kvs::base

#endif
