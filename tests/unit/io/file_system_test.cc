// Promised: reads and writes are whole, reserved room is really taken, and files are replaced as a whole. Errors name
// their file, and a full disk has an error of its own. A directory has one holder at a time. The tests use real files,
// a file-size limit and a small tmpfs for want of room, and child processes for the lock.
#include "io/file_system.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/forwarding_file_system.h"
#include "support/temporary_directory.h"

namespace kvs::io {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

// Lets no file of this process grow beyond `bytes` while it lives: to a writer that looks like a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : former_handler_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    ::signal(SIGXFSZ, former_handler_);
  }

 private:
  rlimit former_{};
  void (*const former_handler_)(int);
};

class FileSystemTest : public testing::Test {
 protected:
  std::filesystem::path Path(const std::string& name) const { return directory_.path() / name; }
  std::string Contents(const std::string& name) { return *files_.ReadFile(Path(name), 8 << 20); }
  void Write(const std::string& name, const std::string& bytes) {
    ASSERT_TRUE((*files_.Open(Path(name), OpenMode::kCreate))->WriteAt(0, bytes));
  }

  const test::TemporaryDirectory directory_;
  FileSystem& files_ = PosixFileSystem();
};

// --- Names ---

TEST_F(FileSystemTest, ALinkIsTheSameFileUnderASecondName) {
  Write("file", "abc");
  Write("other", "abc");
  ASSERT_TRUE(files_.Link(Path("file"), Path("link")));
  EXPECT_TRUE(*files_.IsSameFile(Path("file"), Path("link")));
  EXPECT_FALSE(*files_.IsSameFile(Path("file"), Path("other")));
  ASSERT_TRUE(files_.Remove(Path("file")));
  EXPECT_EQ(Contents("link"), "abc");
}

TEST_F(FileSystemTest, ALinkReplacesNothingAndSaysWhatIsMissing) {
  Write("file", "abc");
  Write("taken", "other");
  EXPECT_EQ(files_.Link(Path("file"), Path("taken")).error().sys_errno, EEXIST);
  EXPECT_EQ(Contents("taken"), "other");
  EXPECT_EQ(files_.Link(Path("absent"), Path("link")).error().sys_errno, ENOENT);
  EXPECT_FALSE(files_.IsSameFile(Path("file"), Path("absent")));
}

TEST_F(FileSystemTest, ALinkToAnotherFileSystemIsUnsupported) {
  const test::ScratchDirectory memory;
  struct stat here {};
  struct stat there {};
  ASSERT_EQ(::stat(directory_.path().c_str(), &here), 0);
  ASSERT_EQ(::stat(memory.path().c_str(), &there), 0);
  if (here.st_dev == there.st_dev) GTEST_SKIP() << "there is only one file system";
  Write("file", "abc");
  EXPECT_EQ(files_.Link(Path("file"), memory.path() / "link").error().code, ErrorCode::kUnsupported);
}

TEST_F(FileSystemTest, OnlyAnEmptyDirectoryIsRemoved) {
  ASSERT_TRUE(files_.CreateDirectories(Path("directory")));
  Write("directory/file", "abc");
  EXPECT_EQ(files_.RemoveDirectory(Path("directory")).error().sys_errno, ENOTEMPTY);
  ASSERT_TRUE(files_.Remove(Path("directory/file")));
  ASSERT_TRUE(files_.RemoveDirectory(Path("directory")));
  EXPECT_FALSE(*files_.Exists(Path("directory")));
}

// --- Files ---

TEST_F(FileSystemTest, AWriteAfterTheEndExtendsTheFileWithZeroes) {
  const auto file = *files_.Open(Path("file"), OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(3, "abc"));
  EXPECT_EQ(*file->Size(), 6U);
  EXPECT_EQ(Contents("file"), std::string("\0\0\0abc", 6));
}

TEST_F(FileSystemTest, AReadIsShortOnlyAtTheEndOfTheFile) {
  Write("file", "hello");
  const auto file = *files_.Open(Path("file"), OpenMode::kRead);
  std::array<char, 8> bytes{};
  EXPECT_EQ(*file->ReadAt(0, bytes.data(), 4), 4U);
  EXPECT_EQ(*file->ReadAt(3, bytes.data(), 8), 2U);
  EXPECT_EQ(std::string(bytes.data(), 2), "lo");
  EXPECT_EQ(*file->ReadAt(9, bytes.data(), 8), 0U);
}

TEST_F(FileSystemTest, TruncateCutsAndWipes) {
  const auto file = *files_.Open(Path("file"), OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(0, "hello"));
  ASSERT_TRUE(file->Truncate(2));
  ASSERT_TRUE(file->Truncate(4));
  EXPECT_EQ(Contents("file"), std::string("he\0\0", 4));
  EXPECT_TRUE(file->Sync());
}

TEST_F(FileSystemTest, CreatingEmptiesAnExistingFileAndOpeningKeepsIt) {
  Write("file", "hello");
  { EXPECT_EQ(*(*files_.Open(Path("file"), OpenMode::kReadWrite))->Size(), 5U); }
  { EXPECT_EQ(*(*files_.Open(Path("file"), OpenMode::kCreate))->Size(), 0U); }
}

TEST_F(FileSystemTest, AnAbsentFileIsAnErrorThatNamesIt) {
  for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite}) {
    const auto file = files_.Open(Path("absent"), mode);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code, ErrorCode::kIo);
    EXPECT_EQ(file.error().sys_errno, ENOENT);
    EXPECT_THAT(file.error().context, HasSubstr(Path("absent").string()));
  }
}

TEST_F(FileSystemTest, AFileOpenedForReadingTakesNoWrites) {
  Write("file", "hello");
  const auto file = *files_.Open(Path("file"), OpenMode::kRead);
  EXPECT_FALSE(file->WriteAt(0, "x"));
  EXPECT_FALSE(file->Truncate(0));
  EXPECT_EQ(Contents("file"), "hello");
}

TEST_F(FileSystemTest, ReservedRoomIsZeroedPartOfTheFileAndTakenOnTheDisk) {
  for (const Grain grain : {Grain::kFine, Grain::kCoarse}) {
    const auto file = *files_.Open(Path("file"), OpenMode::kCreate);
    ASSERT_TRUE(file->WriteAt(0, "hello"));
    const Status reserved = file->Reserve(5, 5'000'000, grain);
    if (!reserved && reserved.error().code == ErrorCode::kUnsupported) GTEST_SKIP() << reserved.error().ToString();
    ASSERT_TRUE(reserved) << reserved.error().ToString();
    EXPECT_EQ(*file->Size(), 5'000'005U);
    EXPECT_TRUE(Contents("file") == "hello" + std::string(5'000'000, '\0'));
    struct stat status {};
    ASSERT_EQ(::stat(Path("file").c_str(), &status), 0);
    EXPECT_GE(static_cast<std::uint64_t>(status.st_blocks) * 512, 5'000'005U);
  }
}

// --- Want of room ---

TEST_F(FileSystemTest, AWriteWithoutRoomIsNoSpaceAndHarmsNothing) {
  const auto file = *files_.Open(Path("file"), OpenMode::kCreate);
  ASSERT_TRUE(file->WriteAt(0, "hello"));
  const FileSizeLimit limit(64 << 10);
  const Status reserved = file->Reserve(5, 1 << 20, Grain::kFine);
  ASSERT_FALSE(reserved);
  EXPECT_EQ(reserved.error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(reserved.error().context, HasSubstr(Path("file").string()));
  const Status written = file->WriteAt(1 << 20, "x");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(Contents("file").substr(0, 5), "hello");
}

TEST_F(FileSystemTest, AFullDiskIsKNoSpaceAndWorksAgainWhenRoomReturns) {
  const std::filesystem::path disk = Path("disk");
  ASSERT_TRUE(files_.CreateDirectories(disk));
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "no tmpfs can be mounted here: " << std::strerror(errno);
  }
  {
    const auto filler = *files_.Open(disk / "filler", OpenMode::kCreate);
    ASSERT_TRUE(filler->Reserve(0, 768 << 10, Grain::kFine));
    const auto file = *files_.Open(disk / "file", OpenMode::kCreate);
    const Status refused = file->Reserve(0, 512 << 10, Grain::kCoarse);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
    EXPECT_EQ(refused.error().sys_errno, ENOSPC);
    ASSERT_TRUE(filler->Truncate(0));
    EXPECT_TRUE(file->Reserve(0, 512 << 10, Grain::kCoarse));
  }
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

// --- Directories ---

TEST_F(FileSystemTest, NamesAreListedRenamedRemovedAndLookedUp) {
  Write("a", "1");
  Write("b", "2");
  EXPECT_THAT(*files_.List(directory_.path()), UnorderedElementsAre("a", "b"));
  ASSERT_TRUE(files_.Rename(Path("a"), Path("b")));
  EXPECT_EQ(Contents("b"), "1");
  EXPECT_FALSE(*files_.Exists(Path("a")));
  EXPECT_TRUE(*files_.Exists(Path("b")));
  EXPECT_FALSE(*files_.Exists(Path("b") / "below a file"));
  ASSERT_TRUE(files_.Remove(Path("b")));
  EXPECT_TRUE(files_.List(directory_.path())->empty());
  EXPECT_TRUE(files_.SyncDirectory(directory_.path()));
}

TEST_F(FileSystemTest, EachCallReportsAnAbsentPath) {
  EXPECT_EQ(files_.List(Path("absent")).error().sys_errno, ENOENT);
  EXPECT_EQ(files_.Rename(Path("absent"), Path("b")).error().sys_errno, ENOENT);
  EXPECT_EQ(files_.Remove(Path("absent")).error().sys_errno, ENOENT);
  EXPECT_EQ(files_.SyncDirectory(Path("absent")).error().sys_errno, ENOENT);
}

TEST_F(FileSystemTest, DirectoriesAreMadeWithTheirParentsOnceOrTwice) {
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(files_.CreateDirectories(Path("a") / "b" / "c" / ""));
    EXPECT_TRUE(std::filesystem::is_directory(Path("a") / "b" / "c"));
  }
}

TEST_F(FileSystemTest, DotsAfterALinkMeanWhatTheSystemMeans) {
  ASSERT_TRUE(files_.CreateDirectories(Path("far") / "away"));
  std::filesystem::create_directory_symlink(Path("far") / "away", Path("link"));
  ASSERT_TRUE(files_.CreateDirectories(Path("link") / ".." / "data"));
  EXPECT_TRUE(std::filesystem::is_directory(Path("far") / "data"));
  EXPECT_FALSE(std::filesystem::exists(Path("data")));
}

TEST_F(FileSystemTest, OpeningAFifoOrDirectoryFailsWithoutWaiting) {
  ASSERT_EQ(::mkfifo(Path("fifo").c_str(), 0644), 0);
  ASSERT_TRUE(files_.CreateDirectories(Path("directory")));
  for (const char* name : {"fifo", "directory"}) {
    for (const OpenMode mode : {OpenMode::kRead, OpenMode::kReadWrite, OpenMode::kCreate}) {
      const auto opened = files_.Open(Path(name), mode);
      ASSERT_FALSE(opened) << name;
      EXPECT_THAT(opened.error().context, HasSubstr(Path(name).string()));
    }
  }
  EXPECT_TRUE(files_.Open("/dev/null", OpenMode::kRead));
}

TEST_F(FileSystemTest, CreatingDoesNotFollowALink) {
  Write("thesis", "three years of work");
  std::filesystem::create_symlink(Path("thesis"), Path("link"));
  EXPECT_FALSE(files_.Open(Path("link"), OpenMode::kCreate));
  EXPECT_EQ(Contents("thesis"), "three years of work");
  EXPECT_TRUE(files_.Open(Path("link"), OpenMode::kRead)) << "a file that was moved to another disk is still read";
}

TEST_F(FileSystemTest, AnImpossibleDirectoryIsAnErrorNotAnException) {
  Write("file", "");
  for (const std::filesystem::path& path : {Path("file"), Path("file") / "below"}) {
    const Error error = files_.CreateDirectories(path).error();
    EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
    EXPECT_EQ(error.context, Path("file").string() + " exists and is not a directory");
  }
  EXPECT_EQ(files_.CreateDirectories(Path(std::string(300, 'n'))).error().sys_errno, ENAMETOOLONG);
  std::filesystem::create_symlink(Path("loop"), Path("loop"));
  EXPECT_EQ(files_.CreateDirectories(Path("loop") / "below").error().code, ErrorCode::kInvalidArgument);
}

// --- Whole files ---

TEST_F(FileSystemTest, ReadFileReturnsAllBytesOrRefusesALargerFile) {
  Write("file", "hello");
  EXPECT_EQ(*files_.ReadFile(Path("file"), 5), "hello");
  EXPECT_EQ(files_.ReadFile(Path("file"), 4).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(files_.ReadFile(Path("absent"), 4).error().code, ErrorCode::kIo);
}

TEST_F(FileSystemTest, AFileIsReplacedAsAWholeAndNothingElseIsLeft) {
  ASSERT_TRUE(files_.WriteFileAtomically(Path("file"), "a long first version"));
  ASSERT_TRUE(files_.WriteFileAtomically(Path("file"), "short"));
  EXPECT_EQ(Contents("file"), "short");
  EXPECT_THAT(*files_.List(directory_.path()), ElementsAre("file"));
}

TEST_F(FileSystemTest, AReplacementWithoutRoomLeavesOnlyTheOldFile) {
  ASSERT_TRUE(files_.WriteFileAtomically(Path("file"), "old"));
  const FileSizeLimit limit(1024);
  const Status written = files_.WriteFileAtomically(Path("file"), std::string(4096, 'n'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(Contents("file"), "old");
  EXPECT_THAT(*files_.List(directory_.path()), ElementsAre("file"));
}

// Notes the operations that decide the state after a power loss.
class NotingFileSystem final : public test::ForwardingFileSystem {
 public:
  Status Rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    notes.push_back("rename " + from.filename().string() + " " + to.filename().string());
    return ForwardingFileSystem::Rename(from, to);
  }
  Status SyncDirectory(const std::filesystem::path& directory) override {
    notes.emplace_back("sync directory");
    return ForwardingFileSystem::SyncDirectory(directory);
  }

  std::vector<std::string> notes;

 private:
  class NotingFile final : public test::ForwardingFile {
   public:
    NotingFile(std::unique_ptr<File> file, std::vector<std::string>& notes)
        : ForwardingFile(std::move(file)), notes_(notes) {}
    Status WriteAt(std::uint64_t offset, std::string_view bytes) override {
      notes_.push_back("write " + std::string(bytes));
      return ForwardingFile::WriteAt(offset, bytes);
    }
    Status Sync() override {
      notes_.emplace_back("sync");
      return ForwardingFile::Sync();
    }

   private:
    std::vector<std::string>& notes_;
  };

  Result<std::unique_ptr<File>> OnOpen(const std::filesystem::path& path, OpenMode mode,
                                       std::unique_ptr<File> file) override {
    notes.push_back((mode == OpenMode::kCreate ? "create " : "open ") + path.filename().string());
    return std::make_unique<NotingFile>(std::move(file), notes);
  }
};

TEST_F(FileSystemTest, AReplacementReachesTheDiskBeforeItsNameDoes) {
  NotingFileSystem files;
  ASSERT_TRUE(files.WriteFileAtomically(Path("file"), "new"));
  EXPECT_THAT(files.notes,
              ElementsAre("create file.tmp", "write new", "sync", "rename file.tmp file", "sync directory"));
}

// --- The lock ---

TEST_F(FileSystemTest, ASecondLockIsRefusedAndNamesTheHolder) {
  auto held = files_.LockDirectory(directory_.path());
  ASSERT_TRUE(held);
  const auto refused = files_.LockDirectory(directory_.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInUse);
  EXPECT_THAT(refused.error().context, HasSubstr("process " + std::to_string(::getpid()) + ";"));
  held->reset();
  EXPECT_TRUE(files_.LockDirectory(directory_.path()));
}

// Starts a process that takes the lock and holds it until it is killed.
pid_t StartHolder(FileSystem& files, const std::filesystem::path& directory) {
  std::array<int, 2> ready{};
  EXPECT_EQ(::pipe(ready.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = files.LockDirectory(directory);
    const char answer = held ? 'y' : 'n';
    if (::write(ready[1], &answer, 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char answer = 0;
  EXPECT_EQ(::read(ready[0], &answer, 1), 1);
  EXPECT_EQ(answer, 'y');
  ::close(ready[0]);
  ::close(ready[1]);
  return child;
}

TEST_F(FileSystemTest, ADirectoryIsHeldAcrossProcessesUntilItsHolderDies) {
  const pid_t holder = StartHolder(files_, directory_.path());
  const auto refused = files_.LockDirectory(directory_.path());
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInUse);
  EXPECT_THAT(refused.error().context, HasSubstr("process " + std::to_string(holder) + ";"));
  EXPECT_TRUE(files_.LockDirectory(directory_.path()));
}

TEST_F(FileSystemTest, ForkedChildDoesNotKeepTheLock) {
  auto held = files_.LockDirectory(directory_.path());
  ASSERT_TRUE(held);
  std::array<int, 2> begin{};
  std::array<int, 2> end{};
  ASSERT_EQ(::pipe(begin.data()), 0);
  ASSERT_EQ(::pipe(end.data()), 0);
  const pid_t child = ::fork();
  char byte = 0;
  if (child == 0) {
    ::close(end[1]);
    held->reset();  // Closes nothing that is not its own.
    const bool was_told = ::write(begin[1], &byte, 1) == 1;
    ::_exit(was_told && ::read(end[0], &byte, 1) == 0 ? 0 : 1);
  }
  ASSERT_EQ(::read(begin[0], &byte, 1), 1);
  EXPECT_EQ(files_.LockDirectory(directory_.path()).error().code, ErrorCode::kInUse) << "the parent holds it";
  held->reset();
  EXPECT_TRUE(files_.LockDirectory(directory_.path())) << "while the child lives";
  for (const int fd : {begin[0], begin[1], end[0], end[1]}) ::close(fd);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(FileSystemTest, LockOfOthersIsRefusedAndStays) {
  for (const char* contents : {"a poem", "12 months", "99999999999999999999999999999999"}) {
    Write("LOCK", contents);
    const auto refused = files_.LockDirectory(directory_.path());
    ASSERT_FALSE(refused) << contents;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(refused.error().context, HasSubstr(Path("LOCK").string()));
    EXPECT_EQ(Contents("LOCK"), contents);
  }
  for (const std::string& contents : std::vector<std::string>{"", "1234\n", "7", std::string(5, '\0')}) {
    Write("LOCK", contents);
    EXPECT_TRUE(files_.LockDirectory(directory_.path())) << contents;
  }
}

TEST_F(FileSystemTest, LockThatIsALinkOrAFifoIsRefused) {
  Write("thesis", "three years of work");
  std::filesystem::create_symlink(Path("thesis"), Path("LOCK"));
  EXPECT_FALSE(files_.LockDirectory(directory_.path()));
  EXPECT_EQ(Contents("thesis"), "three years of work");
  std::filesystem::remove(Path("LOCK"));
  ASSERT_EQ(::mkfifo(Path("LOCK").c_str(), 0644), 0);
  EXPECT_FALSE(files_.LockDirectory(directory_.path()));
}

TEST_F(FileSystemTest, TheLockOfAnAbsentDirectoryIsAnError) {
  EXPECT_EQ(files_.LockDirectory(Path("absent")).error().sys_errno, ENOENT);
}

}  // namespace
}  // namespace kvs::io
