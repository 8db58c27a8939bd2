// A floor for durable sets: the limit of the disk, without a store. Records go to a file that was preallocated and
// written before, so that fdatasync() has no metadata to write. One writer writes and syncs by itself. Several writers
// pass their records to a committer, which writes and syncs all records that are ready and wakes each writer by itself.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "engine.h"
#include "sync/mutex.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kFileBytes = std::size_t{64} << 20;
constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kHeaderBytes = 12;  // As a record of a log has one.

class RawFile {
 public:
  explicit RawFile(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
    if (fd_ < 0 || ::posix_fallocate(fd_, 0, kFileBytes) != 0) Die("raw: cannot make " + path.string());
    const std::string page(kPageBytes, 'x');
    for (std::size_t at = 0; at < kFileBytes; at += kPageBytes) Write(page, at);
    if (::fsync(fd_) != 0) Die("raw: fsync failed");
  }
  ~RawFile() { ::close(fd_); }
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;

  void AppendAndSync(std::string_view bytes) {
    if (end_ + bytes.size() > kFileBytes) end_ = 0;
    Write(bytes, end_);
    end_ += bytes.size();
    if (::fdatasync(fd_) != 0) Die("raw: fdatasync failed");
  }

 private:
  void Write(std::string_view bytes, std::size_t at) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written != static_cast<ssize_t>(bytes.size())) Die("raw: cannot write");
  }

  const int fd_;
  std::size_t end_ = 0;
};

using Flag = std::atomic<std::uint32_t>;

// Committer: the thread that syncs for all. P1: release store of the flag after the sync -> acquire wait of its writer.
class Committer {
 public:
  explicit Committer(RawFile& file) : file_(file), thread_([this] { Run(); }) {}
  ~Committer() {
    {
      sync::MutexLock lock(mutex_);
      stops_ = true;
    }
    some_.NotifyOne();
    thread_.join();
  }

  void Commit(std::string_view record, Flag& is_done) {
    is_done.store(0, std::memory_order_relaxed);
    bool was_empty = false;
    {
      sync::MutexLock lock(mutex_);
      was_empty = waiting_.empty();
      bytes_.append(record);
      waiting_.push_back(&is_done);
    }
    if (was_empty) some_.NotifyOne();
    is_done.wait(0, std::memory_order_acquire);  // P1
  }

 private:
  void Run() {
    std::string bytes;
    std::vector<Flag*> waiting;
    while (Take(bytes, waiting)) {
      file_.AppendAndSync(bytes);
      for (Flag* const flag : waiting) {
        flag->store(1, std::memory_order_release);  // P1
        flag->notify_one();
      }
      bytes.clear();
      waiting.clear();
    }
  }

  bool Take(std::string& bytes, std::vector<Flag*>& waiting) {
    sync::MutexLock lock(mutex_);
    while (waiting_.empty() && !stops_) some_.Wait(mutex_);
    bytes.swap(bytes_);
    waiting.swap(waiting_);
    return !waiting.empty();
  }

  RawFile& file_;
  sync::Mutex mutex_;
  sync::ConditionVariable some_;
  std::string bytes_ KVS_GUARDED_BY(mutex_);
  std::vector<Flag*> waiting_ KVS_GUARDED_BY(mutex_);
  bool stops_ KVS_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // Last: it uses all of the above.
};

class RawSyncSession final : public Session {
 public:
  RawSyncSession(RawFile& file, Committer* committer) : file_(file), committer_(committer) {}

  void Set(std::string_view key, std::string_view value) override {
    record_.assign(kHeaderBytes, '\0');
    record_.append(key).append(value);
    if (committer_ == nullptr) return file_.AppendAndSync(record_);
    committer_->Commit(record_, is_done_);
  }
  void Remove(std::string_view) override { Die("raw: it only sets"); }
  Sighting Get(std::string_view) override { Die("raw: it only sets"); }
  ScanSum Scan(std::string_view, std::uint64_t) override { Die("raw: it only sets"); }

 private:
  RawFile& file_;
  Committer* const committer_;
  std::string record_;
  Flag is_done_{0};
};

class RawSyncEngine final : public Engine {
 public:
  explicit RawSyncEngine(const Settings& settings) : file_(settings.directory / "raw") {
    if (settings.writers > 1) committer_ = std::make_unique<Committer>(file_);
  }
  std::string Describe() const override {
    return "floor: fdatasync of a preallocated file that was written before; one committer for several writers";
  }
  std::unique_ptr<Session> NewSession() override { return std::make_unique<RawSyncSession>(file_, committer_.get()); }
  void Sync() override {}
  bool Compact() override { return false; }
  bool has_order() const override { return false; }

 private:
  RawFile file_;
  std::unique_ptr<Committer> committer_;
};

}  // namespace

std::unique_ptr<Engine> OpenRawSync(const Settings& settings) { return std::make_unique<RawSyncEngine>(settings); }

}  // namespace kvs::bench
