#include "io/directory_lock.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/spare_descriptors.h"
#include "io/unique_fd.h"

namespace kvs::io {
namespace {

namespace fs = std::filesystem;

using base::SystemError;

class FileLock;

// The locks of this process. The child of a fork() finds them without taking a mutex. Slots are never freed.
//
// Fences      S1  lock: acq_rel compare_exchange in Take() and release store in ~FileLock() -> acquire load in the
//                 child, compare_exchange in Take().
//             S2  head: acq_rel compare_exchange in Take() -> acquire load of each walk along the list.
struct LockSlot {
  std::atomic<FileLock*> lock{nullptr};
  LockSlot* next = nullptr;  // Constant once the slot is linked.
};
std::atomic<LockSlot*> lock_slots{nullptr};

class FileLock final : public DirectoryLock {
 public:
  explicit FileLock(UniqueFd fd) : fd_(std::move(fd)), slot_(Take(this)) {}
  ~FileLock() override {
    fd_.Close();
    slot_->lock.store(nullptr, std::memory_order_release);  // S1
  }

  int fd() const { return fd_.get(); }

  // Runs in the child of a fork(), which has one thread.
  static void CloseAll() {
    for (LockSlot* slot = lock_slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {  // S2
      FileLock* const lock = slot->lock.load(std::memory_order_acquire);                                     // S1
      KVS_PROBE_IF(lock != nullptr, "child of a fork closes a lock");
      if (lock != nullptr) lock->fd_.Close();
    }
  }

 private:
  static LockSlot* Take(FileLock* lock) {
    for (LockSlot* slot = lock_slots.load(std::memory_order_acquire); slot != nullptr; slot = slot->next) {  // S2
      FileLock* free = nullptr;
      if (slot->lock.compare_exchange_strong(free, lock, std::memory_order_acq_rel)) return slot;  // S1
    }
    auto* const slot = new LockSlot;
    slot->lock.store(lock, std::memory_order_release);  // S1
    slot->next = lock_slots.load(std::memory_order_acquire);
    while (!lock_slots.compare_exchange_weak(slot->next, slot, std::memory_order_acq_rel)) {  // S2
    }
    return slot;
  }

  UniqueFd fd_;  // The lock ends with the descriptor, unless another process has a copy of it.
  LockSlot* const slot_;
  const SpareDescriptors::Share spare_;
};

// The contents of the file, up to the length that matters.
std::string Contents(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  return {text.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
}

// Whether the file holds a pid or less: a power cut may leave nothing, or zeroes.
bool IsOurs(std::string_view contents) {
  return contents.size() <= 20 && contents.find_first_not_of(std::string_view("0123456789\n\0", 12)) == contents.npos;
}

std::string HolderPid(int fd) {
  std::string pid = Contents(fd);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() || !IsOurs(pid) ? "(unknown pid)" : pid;
}

}  // namespace

// Avoids fstat(), which also asks for the times: see PosixFile::Size().
Status CheckIsFile(int fd, const fs::path& path) {
  struct statx status {};
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &status) != 0) return SystemError("statx", path);
  if (S_ISREG(status.stx_mode) || S_ISCHR(status.stx_mode)) return Ok();
  return Error{.code = ErrorCode::kIo, .context = path.string() + " is not a regular file"};
}

namespace {

// Opens the file. If it is missing and cannot be created, opens the directory instead.
Result<UniqueFd> OpenToLock(const fs::path& directory, const fs::path& path) {
  constexpr int kFlags = O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | kFlags, 0644));
  const int refusal = fd.is_open() ? 0 : errno;
  if (refusal == EROFS || refusal == EACCES || refusal == EPERM || refusal == ENOSPC || refusal == EDQUOT) {
    KVS_PROBE("lock file cannot be written to");
    fd = UniqueFd(::open(path.c_str(), O_RDONLY | kFlags));
    if (!fd.is_open() && errno == ENOENT) {
      fd = UniqueFd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      KVS_PROBE("directory is locked without a lock file");
      if (fd.is_open()) return fd;
    }
    errno = refusal;
  }
  if (!fd.is_open()) return SystemError("open", path);
  KVS_TRY(CheckIsFile(fd.get(), path));
  return fd;
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> LockDirectoryByFile(const fs::path& directory) {
  static const bool is_registered = ::pthread_atfork(nullptr, nullptr, FileLock::CloseAll) == 0;
  KVS_CHECK(is_registered);
  const fs::path path = directory / "LOCK";
  KVS_TRY_ASSIGN(UniqueFd fd, OpenToLock(directory, path));
  auto lock = std::make_unique<FileLock>(std::move(fd));
  if (::flock(lock->fd(), LOCK_EX | LOCK_NB) != 0) {
    KVS_PROBE("directory is locked already");
    if (errno != EWOULDBLOCK) return SystemError("flock", path);
    return Error{.code = ErrorCode::kInUse,
                 .context = directory.string() + " is open in process " + HolderPid(lock->fd()) +
                            "; stop that one first, or choose another directory"};
  }
  if (!IsOurs(Contents(lock->fd()))) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = path.string() + " is not a file of kvs: move it away, or choose another directory"};
  }
  // The pid is for people: a full or read-only disk does not prevent the lock.
  const std::string pid = std::to_string(::getpid()) + "\n";
  const bool is_noted = ::ftruncate(lock->fd(), 0) == 0 && ::pwrite(lock->fd(), pid.data(), pid.size(), 0) > 0;
  static_cast<void>(is_noted);
  return std::unique_ptr<DirectoryLock>(std::move(lock));
}

}  // namespace kvs::io
