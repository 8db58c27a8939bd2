#include "io/mapped/mapping_limit.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <fstream>

#include "base/probe.h"
#include "base/system_error.h"

namespace kvs::io {
namespace {

constexpr std::size_t kUsualLimit = 65'530;
constexpr std::size_t kFreeMax = 1'024;
constexpr std::size_t kShare = 16;

std::size_t MappingLimit() {
  std::ifstream stream("/proc/sys/vm/max_map_count");
  std::size_t limit = 0;
  return stream >> limit ? limit : kUsualLimit;
}

Error TooFew() { return base::SystemError("few mappings are left (vm.max_map_count, ulimit -v)", ENOMEM); }

// Neighbouring pages with different protection are separate mappings.
bool CanSplit(char* pages, std::size_t count, std::size_t page_bytes) {
  for (std::size_t i = 0; i < count; i += 2) {
    if (::mprotect(pages + i * page_bytes, page_bytes, PROT_READ) != 0) return false;
  }
  return true;
}

}  // namespace

Status CheckFreeMappings() {
  const std::size_t count = std::min(kFreeMax, MappingLimit() / kShare);
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  void* const pages =
      ::mmap(nullptr, count * page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return TooFew();
  const bool are_free = CanSplit(static_cast<char*>(pages), count, page_bytes);
  ::munmap(pages, count * page_bytes);
  KVS_PROBE_IF(!are_free, "few mappings are left");
  return are_free ? Ok() : Status(TooFew());
}

}  // namespace kvs::io
