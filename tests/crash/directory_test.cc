// Promised: the remains of an interrupted store are cleared away, and files of others stay. A mistake in the directory
// is reported in clear words. A change of the files of a running store is an error, not the end of the process.
//
// Attack: strange files, missing files, a directory without the right to write, files made shorter under a running
// store, and a small disk that is really full.
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "crash/crash_test.h"
#include "log/file_names.h"
#include "log/hint_file.h"
#include "log/segment_header.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

class Directory : public testing::Test {
 protected:
  Result<std::unique_ptr<store::Store>> TryOpen(SyncPolicy sync = SyncPolicy::kInterval) {
    return store::Store::Open(io::PosixFileSystem(), scratch_.path(), SmallStore(sync));
  }

  void Open(SyncPolicy sync = SyncPolicy::kInterval) {
    auto opened = TryOpen(sync);
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *std::move(opened);
  }

  void Set(const std::string& key, std::size_t bytes) {
    const Status status = store_->Set(key, std::string(bytes, 'v'));
    ASSERT_TRUE(status) << status.error().ToString();
  }

  bool IsThere(const std::string& key) {
    const auto found = store_->Get(key);
    EXPECT_TRUE(found) << found.error().ToString();
    return found && found->has_value();
  }

  void CheckIsReadOnly() {
    auto opened = TryOpen();
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *std::move(opened);
    EXPECT_THAT(store_->open_report().read_only_because, testing::HasSubstr(scratch_.path().string()));
    EXPECT_TRUE(IsThere("key"));
    const Status refused = store_->Set("key", "other");
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().sys_errno == EROFS || refused.error().sys_errno == EACCES) << TextOf(refused);
    EXPECT_THAT(refused.error().context, testing::HasSubstr("read-only"));
    EXPECT_EQ(TryOpen().error().code, ErrorCode::kInUse);
    store_.reset();
  }

  fs::path Path(const std::string& name) const { return scratch_.path() / name; }
  fs::path SegmentOf(std::uint64_t id) const { return log::SegmentPath(scratch_.path(), id); }

  const ScratchDirectory scratch_;
  std::unique_ptr<store::Store> store_;
};

// --- Files that are found at opening ---

TEST_F(Directory, UselessFilesAreRemoved) {
  Open();
  Set("key", 100);
  store_.reset();
  for (const char* name : {"MANIFEST.tmp", "000000000001.hint.tmp"}) std::ofstream(Path(name)) << "half of something";
  std::ofstream(Path("000000000077.seg")) << std::string(5'000, '\0');
  std::ofstream(Path("000000000077.hint")) << log::kHintMagic << "and no more";
  std::ofstream(Path("000000000001.hint")) << "a hint that is none, for a segment of ours";
  Open();
  EXPECT_TRUE(IsThere("key"));
  EXPECT_FALSE(fs::exists(Path("MANIFEST.tmp")));
  EXPECT_FALSE(fs::exists(Path("000000000001.hint.tmp")));
  EXPECT_FALSE(fs::exists(Path("000000000077.seg")));
  EXPECT_FALSE(fs::exists(Path("000000000077.hint")));
}

TEST_F(Directory, FilesOfOthersStayAndDoNoHarm) {
  const std::string text = "of somebody else";
  const std::vector<std::string> names = {"notes.txt",
                                          "thesis.tmp",
                                          "INDEX",
                                          "000000000001.seg",
                                          "000000000002.seg",
                                          "000000000003.hint",
                                          "1.seg",
                                          "9999999999999.seg",
                                          "18446744073709551615.seg"};
  for (const std::string& name : names) std::ofstream(Path(name)) << text;
  fs::create_directory(Path("cache.tmp"));
  fs::create_directory(Path("000000000004.seg"));
  for (int round = 0; round < 3; ++round) {
    Open();
    Set("key" + std::to_string(round), 100'000);
    ASSERT_TRUE(store_->Compact());
    for (int i = 0; i <= round; ++i) EXPECT_TRUE(IsThere("key" + std::to_string(i)));
    store_.reset();
  }
  for (const std::string& name : names) {
    std::ifstream file(Path(name));
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text) << name;
  }
  EXPECT_TRUE(fs::is_directory(Path("cache.tmp")));
  EXPECT_TRUE(fs::is_directory(Path("000000000004.seg")));
}

TEST_F(Directory, TemporaryThatIsALinkIsNotFollowed) {
  std::ofstream(Path("thesis")) << "three years of work";
  fs::create_symlink(Path("thesis"), Path("MANIFEST.tmp"));
  const auto opened = TryOpen();
  EXPECT_EQ(fs::file_size(Path("thesis")), 19U);
}

TEST_F(Directory, SegmentsOfALaterManifestAreSetAside) {
  Open();
  Set("old", 100);
  store_.reset();
  fs::copy_file(Path("MANIFEST"), Path("MANIFEST.old"));
  Open();
  for (int i = 0; i < 100; ++i) Set("new" + std::to_string(i), 60'000);
  store_.reset();
  std::map<std::string, std::uintmax_t> before;
  for (const auto& file : fs::directory_iterator(scratch_.path())) {
    if (file.path().extension() == ".seg") before[file.path().filename()] = file.file_size();
  }
  ASSERT_GT(before.size(), 5U);

  fs::rename(Path("MANIFEST.old"), Path("MANIFEST"));
  for (int round = 0; round < 3; ++round) {  // The log grows over their sequences: that is no reason to remove them.
    Open();
    EXPECT_TRUE(IsThere("old"));
    for (int i = 0; i < 100; ++i) Set("newer" + std::to_string(i), 60'000);
    store_.reset();
  }
  std::size_t aside = 0;
  for (const auto& [name, bytes] : before) {
    if (!fs::exists(Path(name + ".aside"))) continue;
    ++aside;
    EXPECT_EQ(fs::file_size(Path(name + ".aside")), bytes);
  }
  EXPECT_GE(aside + 3, before.size()) << "all but two that the older manifest names, and one without records";
}

TEST_F(Directory, RefusedOpeningRemovesNothing) {
  Open();
  for (int i = 0; i < 40; ++i) Set("key" + std::to_string(i), 60'000);
  store_.reset();
  const auto all = *io::PosixFileSystem().List(scratch_.path());
  for (const std::string& name : all) {
    if (!name.ends_with(".seg")) continue;  // Sealed ones, and open ones.
    fs::rename(Path(name), Path("lost"));
    const auto names = *io::PosixFileSystem().List(scratch_.path());
    std::ofstream(Path("MANIFEST.tmp")) << "x";
    EXPECT_FALSE(TryOpen()) << name;
    EXPECT_THAT(*io::PosixFileSystem().List(scratch_.path()), testing::IsSupersetOf(names)) << name;
    fs::rename(Path("lost"), Path(name));
  }
}

TEST_F(Directory, SegmentsWithoutAManifestAreNotTakenForANewStore) {
  Open();
  Set("key", 100);
  store_.reset();
  fs::remove(Path("MANIFEST"));
  const auto opened = TryOpen();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kCorruption);
  EXPECT_THAT(opened.error().context, testing::HasSubstr("manifest is missing"));
  EXPECT_TRUE(fs::exists(SegmentOf(1))) << "nothing may be removed on the way to that";
}

TEST_F(Directory, AnEmptyOneAndAMissingOneAreNewStores) {
  Open();
  EXPECT_EQ(*ReadAll(*store_), Contents());
  store_.reset();
  auto nested = store::Store::Open(io::PosixFileSystem(), scratch_.path() / "a" / "b", SmallStore(SyncPolicy::kNone));
  ASSERT_TRUE(nested) << nested.error().ToString();
  EXPECT_TRUE((*nested)->Set("key", "value"));
}

class ReadOnlyDirectory : public Directory, public testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(LockFile, ReadOnlyDirectory, testing::Bool(),
                         [](const auto& instance) { return std::string(instance.param ? "IsThere" : "IsMissing"); });

TEST_P(ReadOnlyDirectory, CanBeReadByOneAtATime) {
  Open();
  Set("key", 100);
  store_.reset();
  if (!GetParam()) fs::remove(Path("LOCK"));
  if (::geteuid() == 0) {  // Whom permissions do not stop: a mount that is read-only does.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(scratch_.path().c_str(), scratch_.path().c_str(), nullptr, MS_BIND, nullptr) != 0 ||
        ::mount(nullptr, scratch_.path().c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr) != 0) {
      GTEST_SKIP() << "SKIPPED: cannot mount read-only here: " << std::strerror(errno);
    }
  } else {
    fs::permissions(scratch_.path(), fs::perms::owner_read | fs::perms::owner_exec);
    for (const auto& entry : fs::directory_iterator(scratch_.path())) {
      fs::permissions(entry.path(), fs::perms::owner_read);
    }
  }
  CheckIsReadOnly();
  ::umount(scratch_.path().c_str());
  if (::geteuid() != 0) fs::permissions(scratch_.path(), fs::perms::owner_all);
}

// --- Files that change under a running store ---

TEST_F(Directory, ASealedSegmentMadeShorterIsAnErrorForItsKeysOnly) {
  Open();
  for (int i = 0; i < 20; ++i) Set("cut" + std::to_string(i), 10'000);
  ASSERT_TRUE(store_->Compact());
  Set("elsewhere", 100);
  for (const auto& file : fs::directory_iterator(scratch_.path())) {  // Compact() writes to a new number.
    const bool is_sealed =
        file.path().extension() == ".seg" && file.file_size() > 200'000 && file.file_size() < 210'000;
    if (is_sealed) fs::resize_file(file.path(), 100'000);
  }
  int readable = 0;
  for (int i = 0; i < 20; ++i) {
    const auto found = store_->Get("cut" + std::to_string(i));
    if (found) {
      EXPECT_EQ(*found, std::string(10'000, 'v')) << i;
      ++readable;
    } else {
      EXPECT_TRUE(found.error().code == ErrorCode::kCorruption || found.error().code == ErrorCode::kIo);
    }
  }
  EXPECT_EQ(readable, 9);
  EXPECT_TRUE(IsThere("elsewhere"));
  EXPECT_FALSE(store_->Scan({}, [](std::string_view, std::string_view) { return true; }));
  EXPECT_TRUE(store_->Set("elsewhere", "and it goes on"));
}

TEST_F(Directory, ATruncatedActiveSegmentEndsOnlyWriting) {
  for (const std::uint64_t length : {0U, 64U, 100U, 4096U, 30'000U}) {
    fs::remove_all(scratch_.path());
    Open(SyncPolicy::kAlways);
    Set("sealed", 1000);
    ASSERT_TRUE(store_->Compact());
    // Fewer than make the maintainer take more room, which would find the cut itself, or hide it.
    for (int i = 0; i < 40; ++i) Set("active" + std::to_string(i), 1000);
    fs::resize_file(SegmentOf(2), length);
    const Status refused = store_->Set("key", "value");
    ASSERT_FALSE(refused) << "cut to " << length << ": acknowledged what is on no disk";
    EXPECT_EQ(refused.error().code, ErrorCode::kPoisoned) << refused.error().ToString();
    EXPECT_EQ(store_->Set("key", "value").error().code, ErrorCode::kPoisoned);
    EXPECT_TRUE(IsThere("sealed"));
    store_.reset();
  }
}

// --- A disk that is really full ---

class SmallDisk : public Directory {
 protected:
  // In a mount namespace of this process alone, so that nothing remains.
  bool Mount(const char* size) {
    return ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
           ::mount("tmpfs", scratch_.path().c_str(), "tmpfs", 0, size) == 0;
  }
  void TearDown() override {
    store_.reset();
    ::umount(scratch_.path().c_str());
  }
};

TEST_F(SmallDisk, FillsUpAndRecoversManyTimes) {
  if (!Mount("size=6m")) GTEST_SKIP() << "SKIPPED: cannot mount a small disk here: " << std::strerror(errno);
  Open();
  Contents expected;
  std::uint64_t made = 0;
  for (int cycle = 0; cycle < 8; ++cycle) {
    Status status;
    while (status) {
      const std::string key = "key" + std::to_string(made);
      const std::string value = key + std::string(20'000, 'v');
      status = store_->Set(key, value);
      if (!status) break;
      expected[key] = value;
      ASSERT_LT(++made, 10'000U);
    }
    ASSERT_EQ(status.error().code, ErrorCode::kNoSpace) << status.error().ToString();
    ASSERT_EQ(*ReadAll(*store_), expected) << "reads go on";
    while (!expected.empty()) {
      const Status removed = store_->Remove(expected.begin()->first);
      ASSERT_TRUE(removed) << "removals go on: " << TextOf(removed);
      expected.erase(expected.begin());
    }
    if (cycle % 3 == 2) {
      store_.reset();
      Open();
    }
    ASSERT_EQ(*ReadAll(*store_), expected);
    const Status compacted = store_->Compact();
    ASSERT_TRUE(compacted) << TextOf(compacted);
  }
  EXPECT_GT(made, 300U);
}

// Not a byte is left, also for the file LOCK.
TEST_F(SmallDisk, OpensWhenItIsFullAndGoesOnWhenThereIsRoom) {
  if (!Mount("size=6m")) GTEST_SKIP() << "SKIPPED: cannot mount a small disk here: " << std::strerror(errno);
  Open();
  for (int i = 0; i < 30; ++i) Set("key" + std::to_string(i), 20'000);
  const Contents expected = *ReadAll(*store_);
  store_.reset();
  std::ofstream other(Path("somebody-elses"), std::ios::binary);
  const std::string filler(64 << 10, 'f');
  while (other.write(filler.data(), static_cast<std::streamsize>(filler.size())).flush()) {
  }
  other.close();
  Open();
  EXPECT_EQ(store_->open_report().read_only_because, "");
  EXPECT_EQ(*ReadAll(*store_), expected);
  Status status;
  for (int i = 0; i < 400 && status; ++i) status = store_->Set("new", std::string(20'000, 'v'));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace) << TextOf(status);
  fs::remove(Path("somebody-elses"));
  EXPECT_TRUE(ResumesSoon(*store_, "resumed", "value"));
}

// Somebody else's file fills the disk, and goes: nothing needs to be opened again.
TEST_F(SmallDisk, RoomThatReturnsIsUsedWithoutOpeningAgain) {
  if (!Mount("size=6m")) GTEST_SKIP() << "SKIPPED: cannot mount a small disk here: " << std::strerror(errno);
  Open(SyncPolicy::kAlways);
  Set("before", 1000);
  std::string filler(64 << 10, 'f');
  std::ofstream other(Path("somebody-elses"), std::ios::binary);
  while (other.write(filler.data(), static_cast<std::streamsize>(filler.size())).flush()) {
  }
  other.close();
  Status status;
  for (int i = 0; i < 100 && status; ++i) status = store_->Set("key" + std::to_string(i), std::string(20'000, 'v'));
  ASSERT_FALSE(status);
  ASSERT_EQ(status.error().code, ErrorCode::kNoSpace) << status.error().ToString();
  EXPECT_TRUE(IsThere("before"));
  fs::remove(Path("somebody-elses"));
  ASSERT_TRUE(ResumesSoon(*store_, "resumed", "value"));
  for (int i = 0; i < 100; ++i) Set("after" + std::to_string(i), 20'000);
}

}  // namespace
}  // namespace kvs::test
