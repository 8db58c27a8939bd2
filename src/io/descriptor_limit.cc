#include "io/descriptor_limit.h"

#include <sys/resource.h>

#include <filesystem>
#include <limits>
#include <system_error>

#include "io/socket.h"

namespace kvs::io {
namespace {

std::size_t Bounded(rlim_t limit) {
  constexpr rlim_t kMost = std::numeric_limits<int>::max();  // Descriptors are ints. RLIM_INFINITY is larger.
  return static_cast<std::size_t>(limit < kMost ? limit : kMost);
}

}  // namespace

std::size_t DescriptorLimit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? Bounded(limit.rlim_cur) : Bounded(RLIM_INFINITY);
}

std::size_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));  // If it fails, the old limit stays and is returned.
  }
  return DescriptorLimit();
}

std::size_t OpenDescriptors() {
  std::error_code failure;
  std::filesystem::directory_iterator open("/proc/self/fd", failure);
  std::size_t count = 0;
  for (; !failure && open != std::filesystem::directory_iterator(); open.increment(failure)) ++count;
  if (count > 0) return count - 1;  // Without the descriptor that lists them.
  const UniqueFd lowest = ReserveDescriptor();
  return lowest.is_open() ? static_cast<std::size_t>(lowest.get()) : DescriptorLimit();
}

}  // namespace kvs::io
