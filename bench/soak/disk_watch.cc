#include "disk_watch.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string_view>

namespace kvs::soak {
namespace {

constexpr std::chrono::milliseconds kInterval{10};
constexpr std::uint64_t kSegmentBytesMin = std::uint64_t{16} << 20;
constexpr std::uint64_t kSegmentsPerStore = 8;

struct FileSums {
  std::uint64_t file_bytes = 0;
  std::uint64_t block_bytes = 0;
  std::uint64_t largest_segment_bytes = 0;
};

// A file that goes away between its listing and its turn counts as gone.
FileSums SumFiles(const std::filesystem::path& directory) {
  FileSums sums;
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(::opendir(directory.c_str()), ::closedir);
  if (listing == nullptr) return sums;
  while (const dirent* const entry = ::readdir(listing.get())) {
    struct stat status {};
    if (::fstatat(::dirfd(listing.get()), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode)) continue;
    const auto bytes = static_cast<std::uint64_t>(status.st_size);
    sums.file_bytes += bytes;
    sums.block_bytes += static_cast<std::uint64_t>(status.st_blocks) * 512;
    if (std::string_view(entry->d_name).ends_with(".seg")) {
      sums.largest_segment_bytes = std::max(sums.largest_segment_bytes, bytes);
    }
  }
  return sums;
}

}  // namespace

DiskWatch::DiskWatch(KvStore& store, const std::filesystem::path& directory, const KvStoreOptions& options)
    : store_(store), directory_(directory), options_(options), thread_([this] { Run(); }) {}

DiskWatch::~DiskWatch() {
  if (thread_.joinable()) Stop();
}

DiskWatch::Figures DiskWatch::Stop() {
  stops_.store(true, std::memory_order_relaxed);
  thread_.join();
  return figures_;
}

void DiskWatch::Run() {
  while (!stops_.load(std::memory_order_relaxed)) {
    const Sample sample = Take();
    ++figures_.samples;
    if (sample.disk_bytes > sample.bound_bytes) ++figures_.violations;
    if (sample.disk_bytes > figures_.largest.disk_bytes) figures_.largest = sample;
    if (sample.ratio() > figures_.worst.ratio()) figures_.worst = sample;
    std::this_thread::sleep_for(kInterval);
  }
}

DiskWatch::Sample DiskWatch::Take() {
  const auto before = store_.Stats();
  const FileSums files = SumFiles(directory_);
  const auto after = store_.Stats();
  Sample sample;
  if (!before || !after) return sample;
  sample.disk_bytes = std::max(files.file_bytes, files.block_bytes);
  sample.live_bytes = std::max(before->live_bytes, after->live_bytes);
  const std::uint64_t planned =
      std::min(options_.segment_bytes, std::max(kSegmentBytesMin, sample.live_bytes / kSegmentsPerStore));
  sample.segment_bytes = std::max(planned, files.largest_segment_bytes);
  const double needed = static_cast<double>(sample.live_bytes) / (1 - options_.garbage_ratio_max);
  const std::uint64_t segments = 2 * sample.segment_bytes;
  const std::uint64_t slack = std::min(segments + sample.live_bytes, std::max(segments, 2 * options_.segment_bytes));
  sample.bound_bytes = static_cast<std::uint64_t>(needed) + slack;
  return sample;
}

}  // namespace kvs::soak
