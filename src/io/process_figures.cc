#include "io/process_figures.h"

#include <fcntl.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "io/unique_fd.h"

namespace kvs::io {

// The file has seven page counts: the second is the resident pages, the third the resident pages of files.
ResidentMemory ReadResidentMemory() {
  const UniqueFd file(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return {};
  std::array<char, 256> text{};
  if (::read(file.get(), text.data(), text.size() - 1) <= 0) return {};
  unsigned long long pages = 0;
  unsigned long long resident = 0;
  unsigned long long of_files = 0;
  if (std::sscanf(text.data(), "%llu %llu %llu", &pages, &resident, &of_files) != 3) return {};
  const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return {.bytes = resident * page_bytes, .file_bytes = of_files * page_bytes};
}

std::uint64_t SystemMemoryBytes() {
  struct sysinfo info {};
  return ::sysinfo(&info) == 0 ? static_cast<std::uint64_t>(info.totalram) * info.mem_unit : 0;
}

std::string ExecutablePath() {
  std::error_code failure;
  return std::filesystem::read_symlink("/proc/self/exe", failure).string();
}

std::string SystemName() {
  utsname names{};
  if (::uname(&names) != 0) return "unknown";
  return std::string(names.sysname) + " " + names.release + " " + names.machine;
}

}  // namespace kvs::io
