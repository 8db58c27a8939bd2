#include "io/memory_limit.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <limits>
#include <string>

namespace kvs::io {
namespace {

constexpr std::uint64_t kNone = std::numeric_limits<std::uint64_t>::max();

// The number in the file; kNone if the file has none ("max") or is absent.
std::uint64_t NumberIn(const std::filesystem::path& file) {
  std::ifstream stream(file);
  std::uint64_t number = 0;
  return stream >> number ? number : kNone;
}

// The limit of a group includes those of its ancestors. Inside a container the name may be the host's, and only the top
// exists.
std::uint64_t TightestUpwards(const std::filesystem::path& top, const std::string& group, const char* file) {
  std::uint64_t limit = NumberIn(top / file);
  std::filesystem::path at = top;
  for (const std::filesystem::path& part : std::filesystem::path(group).relative_path()) {
    at /= part;
    limit = std::min(limit, NumberIn(at / file));
  }
  return limit;
}

// controllers: in, separated by commas.
bool HasMemory(const std::string& controllers) {
  return ("," + controllers + ",").find(",memory,") != std::string::npos;
}

std::uint64_t ResourceLimit(int resource) {
  rlimit limit{};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return kNone;
  }
  return limit.rlim_cur;
}

}  // namespace

// Reads lines of /proc/self/cgroup: "0::/group" for version 2, "4:cpu,memory:/group" for version 1.
std::uint64_t ControlGroupMemoryLimit(const std::filesystem::path& root) {
  const std::filesystem::path groups = root / "sys/fs/cgroup";
  std::ifstream stream(root / "proc/self/cgroup");
  std::uint64_t limit = kNone;
  for (std::string line; std::getline(stream, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string group = line.substr(second + 1);
    if (controllers.empty()) {
      limit = std::min(limit, TightestUpwards(groups, group, "memory.max"));
      limit = std::min(limit, TightestUpwards(groups / "unified", group, "memory.max"));
    } else if (HasMemory(controllers)) {
      limit = std::min(limit, TightestUpwards(groups / "memory", group, "memory.limit_in_bytes"));
    }
  }
  return limit;
}

std::uint64_t MemoryLimit() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const std::uint64_t machine = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return std::min({machine, ControlGroupMemoryLimit("/"), ResourceLimit(RLIMIT_AS), ResourceLimit(RLIMIT_DATA)});
}

}  // namespace kvs::io
