#include "apps/torture/sync_verdict.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/system_error.h"
#include "base/try.h"
#include "io/unique_fd.h"

namespace kvs::torture {
namespace {

constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kPages = 64;
constexpr std::size_t kStride = 7;  // Between the pages of two syncs.
constexpr int kSyncs = 200;

Status WritePage(const io::UniqueFd& file, std::size_t page, int fill) {
  std::array<char, kPageBytes> bytes{};
  bytes.fill(static_cast<char>(fill));
  if (::pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(page * kPageBytes)) < 0)
    return base::SystemError("pwrite");
  return Ok();
}

// Of syncs of one changed page each.
Result<std::chrono::nanoseconds> MedianOfSyncs(const io::UniqueFd& file) {
  for (std::size_t page = 0; page < kPages; ++page) KVS_TRY(WritePage(file, page, 0));
  if (::fsync(file.get()) != 0) return base::SystemError("fsync");
  std::vector<std::chrono::nanoseconds> times;
  for (int i = 1; i <= kSyncs; ++i) {
    KVS_TRY(WritePage(file, static_cast<std::size_t>(i) * kStride % kPages, i));
    const auto begin = std::chrono::steady_clock::now();
    if (::fdatasync(file.get()) != 0) return base::SystemError("fdatasync");
    times.push_back(std::chrono::steady_clock::now() - begin);
  }
  std::nth_element(times.begin(), times.begin() + kSyncs / 2, times.end());
  return times[kSyncs / 2];
}

}  // namespace

Keeping JudgeTime(std::chrono::nanoseconds sync_time, bool is_memory) {
  if (is_memory) return Keeping::kNothing;
  return sync_time < kSyncOfDiskMin ? Keeping::kDoubtful : Keeping::kCredible;
}

Result<SyncVerdict> JudgeSyncs(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "kvs-torture-sync";
  const io::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.is_open()) return base::SystemError("open", path);
  ::unlink(path.c_str());  // The file lives as long as its descriptor.
  struct statfs status {};
  if (::fstatfs(file.get(), &status) != 0) return base::SystemError("statfs", path);
  KVS_TRY_ASSIGN(const std::chrono::nanoseconds time, MedianOfSyncs(file));
  const bool is_memory = status.f_type == TMPFS_MAGIC || status.f_type == RAMFS_MAGIC;
  return SyncVerdict{JudgeTime(time, is_memory), time};
}

std::string SyncVerdict::ToString() const {
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%.1f us", static_cast<double>(sync_time.count()) / 1e3);
  std::string syncs = std::string("a sync of a page takes ") + time.data();
  switch (keeping) {
    case Keeping::kNothing: return "keeps nothing over a loss of power: the files lie in memory";
    case Keeping::kDoubtful: return syncs + ", less than any disk needs: it does not wait for the disk";
    case Keeping::kCredible: return syncs + ", as long as a disk may need; only cutting the power proves it";
  }
  return syncs;
}

}  // namespace kvs::torture
