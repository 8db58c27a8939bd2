#include "support/faulty_file_system.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <utility>

#include "base/check.h"
#include "base/try.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSectorBytes = 512;  // The least that a disk writes whole.

std::string_view SectorOf(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? bytes.substr(at, kSectorBytes) : std::string_view();
}

std::string ReadAll(io::File* file) {
  const auto size = file->Size();
  KVS_CHECK(size.has_value());
  std::string bytes(*size, '\0');
  const auto read = file->ReadAt(0, bytes.data(), bytes.size());
  KVS_CHECK(read.has_value());
  bytes.resize(*read);
  return bytes;
}

Error FaultOf(int sys_errno, OperationKind kind, const fs::path& path) {
  const bool is_full = sys_errno == ENOSPC || sys_errno == EDQUOT;
  return Error{.code = is_full ? ErrorCode::kNoSpace : ErrorCode::kIo,
               .sys_errno = sys_errno,
               .context = "injected fault on " + path.string() + " in operation of kind " +
                          std::to_string(static_cast<int>(kind))};
}

// A disk after power loss: each `unit` of bytes is as last synced or as last written, and so is the length. Bytes that
// were never synced may also be garbage, then to the end of the file.
std::string Tear(std::string_view synced, std::string_view written, base::Random* random) {
  static constexpr std::array<std::size_t, 4> kUnits = {512, 1024, 2048, 4096};
  const std::size_t unit = kUnits[random->Below(kUnits.size())];
  const std::uint64_t kept_of_four = random->Below(5);
  const bool shows_garbage = random->OneIn(8);
  const std::size_t bytes = random->OneIn(2) ? written.size() : synced.size();
  std::string torn(synced.substr(0, bytes));
  torn.resize(bytes, '\0');
  bool is_garbage = false;
  for (std::size_t at = 0; at < bytes; at += unit) {
    const std::size_t length = std::min(unit, bytes - at);
    if (!is_garbage && random->Below(4) < kept_of_four) {
      const std::string_view now = at < written.size() ? written.substr(at, length) : std::string_view();
      torn.replace(at, now.size(), now);
    } else if (shows_garbage && at >= synced.size()) {
      is_garbage = true;
      for (std::size_t i = at; i < at + length; ++i) torn[i] = static_cast<char>(random->Next());
    }
  }
  return torn;
}

}  // namespace

// The file of a name. Kept as long as the name may come back.
struct FaultyFileSystem::Contents {
  explicit Contents(std::unique_ptr<io::File> reader) : file(std::move(reader)) {}

  // The written bytes are now on the disk. Excepted are sectors that an earlier sync could not write, unless they were
  // written again: the kernel takes those for clean.
  void NoteSync() {
    std::string now = ReadAll(file.get());
    if (!unwritable.empty()) {
      for (std::size_t at = 0; at < now.size(); at += kSectorBytes) {
        const std::string_view lost = SectorOf(unwritable, at);
        if (lost.empty() || lost != SectorOf(now, at)) continue;
        const std::size_t bytes = SectorOf(now, at).size();
        std::string former(SectorOf(synced, at));
        former.resize(bytes, '\0');
        now.replace(at, bytes, former);
      }
    }
    synced = std::move(now);
  }
  void NoteFailedSync() { unwritable = ReadAll(file.get()); }
  // Written again, if with the same bytes: its pages are dirty. Other bytes there do not count as lost any more.
  void NoteWrite(std::uint64_t offset, std::size_t bytes) {
    for (std::uint64_t at = offset; at < std::min(offset + bytes, unwritable.size()); ++at) {
      unwritable[at] = static_cast<char>(~unwritable[at]);
    }
  }

  const std::unique_ptr<io::File> file;  // Stays readable after its name is gone.
  std::string synced;                    // As of the last sync.
  std::string unwritable;                // As of the last sync that failed.
};

class FaultyFileSystem::FaultyFile final : public ForwardingFile {
 public:
  FaultyFile(FaultyFileSystem* system, fs::path path, std::unique_ptr<io::File> file,
             std::shared_ptr<Contents> contents)
      : ForwardingFile(std::move(file)), system_(*system), path_(std::move(path)), contents_(std::move(contents)) {}

  Result<std::uint64_t> Size() override {
    KVS_TRY(system_.Enter(OperationKind::kRead, path_));
    return ForwardingFile::Size();
  }

  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t bytes) override {
    KVS_TRY(system_.Enter(OperationKind::kRead, path_));
    return ForwardingFile::ReadAt(offset, to, bytes);
  }

  Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
    KVS_TRY_ASSIGN(const std::uint64_t size, ForwardingFile::Size());
    const bool is_within = offset + bytes.size() <= size;
    Status status = system_.Enter(is_within ? OperationKind::kOverwrite : OperationKind::kWrite, path_);
    if (status) {
      KVS_TRY(ForwardingFile::WriteAt(offset, bytes));
      const sync::MutexLock lock(system_.mutex_);
      contents_->NoteWrite(offset, bytes.size());
      return Ok();
    }
    // A short write, then the fault. It ends with a sector, because sectors are written whole.
    const std::uint64_t middle = (offset + bytes.size() / 2) / kSectorBytes * kSectorBytes;
    if (middle > offset) KVS_TRY(ForwardingFile::WriteAt(offset, bytes.substr(0, middle - offset)));
    return status;
  }

  Status Reserve(std::uint64_t offset, std::uint64_t bytes, io::Grain grain) override {
    KVS_TRY(system_.Enter(OperationKind::kReserve, path_));
    return ForwardingFile::Reserve(offset, bytes, grain);
  }

  Status Truncate(std::uint64_t bytes) override {
    KVS_TRY(system_.Enter(OperationKind::kTruncate, path_));
    return ForwardingFile::Truncate(bytes);
  }

  Status Sync() override {
    const Status status = system_.Enter(OperationKind::kSync, path_);
    const sync::MutexLock lock(system_.mutex_);
    status ? contents_->NoteSync() : contents_->NoteFailedSync();
    return status;
  }

  Result<io::Mapping> Map(std::size_t bytes, io::Access access) override {
    KVS_TRY(system_.Enter(OperationKind::kMap, path_));
    return ForwardingFile::Map(bytes, access);
  }

  // Of this machine, which is not the one that looks at the files after a loss of power.
  std::uint64_t CacheIdentity() override {
    const sync::MutexLock lock(system_.mutex_);
    return ForwardingFile::CacheIdentity() ^ system_.boots_;
  }

 private:
  FaultyFileSystem& system_;
  const fs::path path_;
  const std::shared_ptr<Contents> contents_;
};

FaultyFileSystem::FaultyFileSystem(fs::path directory) : directory_(std::move(directory)) {
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_, error)) {
    auto file = ForwardingFileSystem::Open(entry.path(), io::OpenMode::kRead);
    KVS_CHECK(file.has_value());
    auto contents = std::make_shared<Contents>(*std::move(file));
    contents->NoteSync();
    current_.emplace(entry.path().filename(), std::move(contents));
  }
  durable_ = current_;
}

FaultyFileSystem::~FaultyFileSystem() = default;

std::uint64_t FaultyFileSystem::operations() const {
  const sync::MutexLock lock(mutex_);
  return operations_;
}

void FaultyFileSystem::CutPowerAt(std::uint64_t number) {
  const sync::MutexLock lock(mutex_);
  power_cut_at_ = number;
}

void FaultyFileSystem::FailAt(std::uint64_t number, int sys_errno, bool is_sticky) {
  const sync::MutexLock lock(mutex_);
  fails_at_ = number;
  fails_with_ = sys_errno;
  is_sticky_ = is_sticky;
}

void FaultyFileSystem::Heal() {
  const sync::MutexLock lock(mutex_);
  power_cut_at_ = UINT64_MAX;
  fails_at_ = UINT64_MAX;
}

void FaultyFileSystem::SetHook(Hook hook) {
  const sync::MutexLock lock(mutex_);
  hook_ = hook ? std::make_shared<const Hook>(std::move(hook)) : nullptr;
}

void FaultyFileSystem::RefuseToReserve() {
  const sync::MutexLock lock(mutex_);
  refuses_to_reserve_ = true;
}

bool FaultyFileSystem::has_failed() const {
  const sync::MutexLock lock(mutex_);
  return has_failed_;
}

bool FaultyFileSystem::has_failed_to_sync() const {
  const sync::MutexLock lock(mutex_);
  return has_failed_to_sync_;
}

bool FaultyFileSystem::IsHit(OperationKind kind, std::uint64_t number) const {
  if (number == 0 || number < fails_at_) return false;
  if (number == fails_at_) return fails_with_ != ENOSPC || kind != OperationKind::kMap;  // That needs no room.
  const bool takes_room =
      kind == OperationKind::kCreate || kind == OperationKind::kWrite || kind == OperationKind::kReserve;
  return is_sticky_ && (fails_with_ != ENOSPC || takes_room);
}

Status FaultyFileSystem::Enter(OperationKind kind, const fs::path& path) {
  std::uint64_t number = 0;
  std::shared_ptr<const Hook> hook;
  {
    const sync::MutexLock lock(mutex_);
    if (kind != OperationKind::kRead) number = ++operations_;
    hook = hook_;
    const bool has_no_power = operations_ >= power_cut_at_;
    const bool fails = IsHit(kind, number);
    has_failed_ = has_failed_ || has_no_power || fails;
    const bool is_sync = kind == OperationKind::kSync || kind == OperationKind::kSyncDirectory ||
                         kind == OperationKind::kOverwrite || kind == OperationKind::kTruncate;
    has_failed_to_sync_ = has_failed_to_sync_ || (fails && is_sync);
    if (has_no_power) return FaultOf(EIO, kind, path);
    if (fails) return FaultOf(fails_with_, kind, path);
    if (kind == OperationKind::kReserve && refuses_to_reserve_) {
      return Error{.code = ErrorCode::kUnsupported, .sys_errno = EOPNOTSUPP, .context = "fallocate " + path.string()};
    }
  }
  return hook ? (*hook)({.kind = kind, .path = path, .number = number}) : Ok();
}

// --- FileSystem ---

Result<std::unique_ptr<io::File>> FaultyFileSystem::Open(const fs::path& path, io::OpenMode mode) {
  KVS_TRY(Enter(mode == io::OpenMode::kCreate ? OperationKind::kCreate : OperationKind::kRead, path));
  KVS_TRY_ASSIGN(auto file, ForwardingFileSystem::Open(path, mode));
  const sync::MutexLock lock(mutex_);
  std::shared_ptr<Contents>& contents = current_[path.filename()];
  if (contents == nullptr) {
    KVS_TRY_ASSIGN(auto reader, ForwardingFileSystem::Open(path, io::OpenMode::kRead));
    contents = std::make_shared<Contents>(std::move(reader));
    changes_.push_back({.from = {}, .to = path.filename(), .contents = contents});
  }
  return std::make_unique<FaultyFile>(this, path, std::move(file), contents);
}

Status FaultyFileSystem::Rename(const fs::path& from, const fs::path& to) {
  KVS_TRY(Enter(OperationKind::kRename, to));
  KVS_TRY(ForwardingFileSystem::Rename(from, to));
  const sync::MutexLock lock(mutex_);
  changes_.push_back({.from = from.filename(), .to = to.filename(), .contents = current_[from.filename()]});
  Apply(changes_.back(), &current_);
  return Ok();
}

Status FaultyFileSystem::Remove(const fs::path& path) {
  KVS_TRY(Enter(OperationKind::kRemove, path));
  KVS_TRY(ForwardingFileSystem::Remove(path));
  const sync::MutexLock lock(mutex_);
  changes_.push_back({.from = {}, .to = path.filename(), .contents = nullptr});
  Apply(changes_.back(), &current_);
  return Ok();
}

Status FaultyFileSystem::SyncDirectory(const fs::path& directory) {
  KVS_TRY(Enter(OperationKind::kSyncDirectory, directory));
  const sync::MutexLock lock(mutex_);
  durable_ = current_;
  changes_.clear();
  return Ok();
}

Status FaultyFileSystem::CreateDirectories(const fs::path& directory) {
  KVS_TRY(Enter(OperationKind::kCreateDirectories, directory));
  return ForwardingFileSystem::CreateDirectories(directory);
}

Result<std::vector<std::string>> FaultyFileSystem::List(const fs::path& directory) {
  KVS_TRY(Enter(OperationKind::kRead, directory));
  return ForwardingFileSystem::List(directory);
}

Result<bool> FaultyFileSystem::Exists(const fs::path& path) {
  KVS_TRY(Enter(OperationKind::kRead, path));
  return ForwardingFileSystem::Exists(path);
}

Result<std::unique_ptr<io::DirectoryLock>> FaultyFileSystem::LockDirectory(const fs::path& directory) {
  KVS_TRY(Enter(OperationKind::kRead, directory));
  return ForwardingFileSystem::LockDirectory(directory);
}

// --- The disk after power loss ---

void FaultyFileSystem::Apply(const NameChange& change, Names* names) {
  if (!change.from.empty()) names->erase(change.from);
  if (change.contents == nullptr) {
    names->erase(change.to);
  } else {
    (*names)[change.to] = change.contents;
  }
}

// Half of the time as a journal would have it, which keeps a first part of the changes; else each for itself.
FaultyFileSystem::Names FaultyFileSystem::NamesAfterPowerLoss(base::Random* random) const {
  Names names = durable_;
  if (random->OneIn(2)) {
    const std::size_t kept = random->Below(changes_.size() + 1);
    for (std::size_t i = 0; i < kept; ++i) Apply(changes_[i], &names);
  } else {
    for (const NameChange& change : changes_) {
      if (random->OneIn(2)) Apply(change, &names);
    }
  }
  return names;
}

void FaultyFileSystem::WriteAfterPowerLoss(std::uint64_t seed, const fs::path& to) const {
  base::Random random(seed);
  std::map<std::string, std::string> files;
  for (const auto& [name, contents] : NamesAfterPowerLoss(&random)) {
    files[name] = Tear(contents->synced, ReadAll(contents->file.get()), &random);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(to)) fs::remove(entry.path());
  for (const auto& [name, bytes] : files) std::ofstream(to / name, std::ios::binary) << bytes;
}

void FaultyFileSystem::ShowAfterPowerLoss(std::uint64_t seed, const fs::path& elsewhere) const {
  const sync::MutexLock lock(mutex_);
  WriteAfterPowerLoss(seed, elsewhere);
}

void FaultyFileSystem::RestoreAsAfterPowerLoss(std::uint64_t seed) {
  const sync::MutexLock lock(mutex_);
  WriteAfterPowerLoss(seed, directory_);
  current_.clear();
  durable_.clear();
  changes_.clear();
  ++boots_;
}

}  // namespace kvs::test
