#include "apps/torture/file_system.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "apps/torture/program.h"
#include "base/check.h"

namespace kvs::torture {
namespace {

constexpr std::uint64_t kFillBytesMax = std::uint64_t{16} << 20;
constexpr std::uint64_t kFillBytesMin = std::uint64_t{4} << 10;
constexpr int kInodes = 2'048;  // Of a file system that has a number of them.

// False: it failed, `why` has its last words.
bool Run(std::vector<std::string> words, std::string* why) {
  words.insert(words.begin(), {"/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"});
  const Outcome outcome = RunProgram(words);
  if (outcome.exit_code != 0) *why = words[2] + ": " + outcome.output;
  return outcome.exit_code == 0;
}

bool MakeImage(const std::string& kind, std::uint64_t bytes, const std::filesystem::path& image, std::string* why) {
  const io::UniqueFd file(::open(image.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!file.is_open() || ::ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) {
    *why = "cannot make " + image.string();
    return false;
  }
  if (kind.starts_with("ext")) {
    return Run({"mkfs." + kind, "-q", "-F", "-m", "0", "-N", std::to_string(kInodes), image.string()}, why);
  }
  return Run({"mkfs." + kind, "-q", "-f", image.string()}, why);
}

}  // namespace

bool EnterMountNamespace() {
  return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

std::optional<FileSystem> FileSystem::Mount(const std::string& kind, std::uint64_t bytes,
                                            const std::filesystem::path& scratch, std::string* why) {
  const std::filesystem::path directory = scratch / "mounted";
  const std::filesystem::path image = scratch / "image";
  std::filesystem::create_directories(directory);
  if (kind == "tmpfs") {
    const std::string limits = "size=" + std::to_string(bytes) + ",nr_inodes=" + std::to_string(kInodes);
    if (!Run({"mount", "-t", "tmpfs", "-o", limits, "tmpfs", directory.string()}, why)) return std::nullopt;
  } else if (!MakeImage(kind, bytes, image, why) ||
             !Run({"mount", "-o", "loop", image.string(), directory.string()}, why)) {
    return std::nullopt;
  }
  return FileSystem(directory, kind + " of " + std::to_string(bytes >> 20) + " MiB", true);
}

FileSystem::FileSystem(FileSystem&& other) noexcept
    : directory_(std::move(other.directory_)),
      kind_(std::move(other.kind_)),
      is_mounted_(std::exchange(other.is_mounted_, false)) {}

FileSystem::~FileSystem() {
  if (is_mounted_) ::umount2(directory_.c_str(), MNT_DETACH);
}

void FileSystem::Fill() {
  KVS_CHECK(is_mounted_);
  const io::UniqueFd file(::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  struct stat status {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return;  // Not even room for a name.
  for (std::uint64_t bytes = kFillBytesMax; bytes >= kFillBytesMin; bytes /= 2) {
    while (::posix_fallocate(file.get(), status.st_size, static_cast<off_t>(bytes)) == 0) {
      status.st_size += static_cast<off_t>(bytes);
    }
  }
}

void FileSystem::TakeInodes() {
  KVS_CHECK(is_mounted_);
  std::error_code ignored;
  std::filesystem::create_directory(empty_files(), ignored);
  for (int i = 0; i < kInodes; ++i) {
    const std::filesystem::path path = empty_files() / std::to_string(i);
    const io::UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open()) return;
  }
}

void FileSystem::Relieve() {
  std::error_code ignored;
  std::filesystem::remove_all(empty_files(), ignored);
  ::unlink(ballast().c_str());
  const io::UniqueFd directory(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::syncfs(directory.get());  // btrfs gives room back when it commits.
}

}  // namespace kvs::torture
