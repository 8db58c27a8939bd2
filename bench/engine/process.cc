#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

namespace kvs::bench {
namespace {

constexpr double kSettleSecondsMax = 120;
constexpr double kIdleShare = 0.01;  // Of one core: less than this is idling.
constexpr std::chrono::milliseconds kSettleStep{25};

double Seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

// The number after `name` in a file of lines "name: number"; 0 if the name is missing.
std::uint64_t NumberIn(const char* path, const std::string& name) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with(name)) return std::stoull(line.substr(name.size()));
  }
  return 0;
}

}  // namespace

double CpuSeconds() { return Seconds(CLOCK_PROCESS_CPUTIME_ID); }
double WallSeconds() { return Seconds(CLOCK_MONOTONIC); }

std::uint64_t WrittenBytes() { return NumberIn("/proc/self/io", "write_bytes:"); }
std::uint64_t AnonymousBytes() { return NumberIn("/proc/self/smaps_rollup", "Anonymous:") << 10; }
std::uint64_t ResidentBytes() { return NumberIn("/proc/self/smaps_rollup", "Rss:") << 10; }

std::uint64_t DiskBytes(const std::filesystem::path& directory) {
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), ::closedir);
  if (listing == nullptr) return 0;
  std::uint64_t bytes = 0;
  while (const dirent* const entry = ::readdir(listing.get())) {
    struct stat status {};
    const std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (::fstatat(::dirfd(listing.get()), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISDIR(status.st_mode)) {
      bytes += DiskBytes(directory / name);
    } else {
      bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    }
  }
  return bytes;
}

void Settle(double quiet_seconds) {
  const double begin = WallSeconds();
  double quiet_since = begin;
  double window_wall = begin;
  double window_cpu = CpuSeconds();
  while (WallSeconds() - quiet_since < quiet_seconds && WallSeconds() - begin < kSettleSecondsMax) {
    std::this_thread::sleep_for(kSettleStep);
    const double wall = WallSeconds();
    const double cpu = CpuSeconds();
    if (cpu - window_cpu > kIdleShare * (wall - window_wall)) quiet_since = wall;
    window_wall = wall;
    window_cpu = cpu;
  }
}

}  // namespace kvs::bench
