// Promised: a damaged byte is reported as corruption, never as a missing key, never as a wrong value; what no sync
// covered may be torn by a crash, and is cut off and reported.
//
// Attack: a small store with every kind of file (sealed segments, one with a hint file, an open one, the manifest) is
// closed cleanly; then every byte of it is changed, and every file cut at every length, one at a time. For torn tails
// the files are taken from a running store, and the part of the open segment behind its synced mark is cut, zeroed or
// garbled at every byte.
//
// Replay: KVS_TEST_SEED chooses which bits change; KVS_CRASH_ROUNDS repeats with other bits.
#include <fstream>
#include <string>

#include "base/random.h"
#include "crash/crash_test.h"
#include "log/file_names.h"
#include "log/segment.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

std::string BytesOf(const fs::path& path) {
  auto bytes = io::PosixFileSystem().ReadFile(path, std::size_t{64} << 20);
  KVS_CHECK(bytes.has_value());
  return *std::move(bytes);
}

void Put(const fs::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

using Files = std::map<std::string, std::string>;

Files FilesOf(const fs::path& directory) {
  Files files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().filename() != "LOCK") files[entry.path().filename()] = BytesOf(entry.path());
  }
  return files;
}

void Restore(const Files& files, const fs::path& directory) {
  for (const auto& entry : fs::directory_iterator(directory)) fs::remove(entry.path());
  for (const auto& [name, bytes] : files) Put(directory / name, bytes);
}

// Behind its last record an open segment has a long run of zeroes, where one byte is as good as another.
std::size_t UsedBytes(const std::string& bytes) { return bytes.find_last_not_of('\0') + 1; }

class Damage : public testing::Test {
 protected:
  static Result<std::unique_ptr<store::Store>> Open(const fs::path& directory) {
    return store::Store::Open(io::PosixFileSystem(), directory, SmallStore(SyncPolicy::kInterval));
  }

  // A store with all kinds of files and records; what it holds is in contents_, and "gone..." was removed.
  void MakeStore(const fs::path& directory) {
    auto opened = Open(directory);
    ASSERT_TRUE(opened) << opened.error().ToString();
    store::Store& store = **opened;
    Put(store, "long", std::string(900, 'l'));
    for (int i = 0; i < 8; ++i) Put(store, "sealed" + std::to_string(i), std::string(60, 's'));
    Put(store, "gone1", "soon");
    ASSERT_TRUE(store.Compact());
    Put(store, "sealed3", "a newer value");
    ASSERT_TRUE(store.Remove("gone1"));
    WriteBatch batch;
    for (int i = 0; i < 3; ++i) batch.Set("batch" + std::to_string(i), "member");
    batch.Remove("sealed4");
    ASSERT_TRUE(store.Write(batch));
    for (int i = 0; i < 3; ++i) contents_["batch" + std::to_string(i)] = "member";
    contents_.erase("sealed4");
    ASSERT_TRUE(store.Compact());
    Put(store, "sealed5", "newer too");
    Put(store, "open1", std::string(50, 'o'));
    Put(store, "gone2", "soon");
    ASSERT_TRUE(store.Remove("gone2"));
    ASSERT_TRUE(store.Remove("sealed6"));
    contents_.erase("sealed6");
  }

  void Put(store::Store& store, const std::string& key, const std::string& value) {
    const Status status = store.Set(key, value);
    ASSERT_TRUE(status) << status.error().ToString();
    if (!key.starts_with("gone")) contents_[key] = value;
  }
  void Put(const fs::path& path, std::string_view bytes) { test::Put(path, bytes); }

  // The store is as it was, or says that it is damaged.
  void CheckNeverWrong(const fs::path& directory) {
    auto store = Open(directory);
    if (!store) return CheckIsDamage(store.error());
    for (const auto& [key, value] : contents_) {
      const auto found = (*store)->Get(key);
      if (!found) {
        CheckIsDamage(found.error());
      } else {
        EXPECT_EQ(*found, value) << key;
      }
    }
    for (const std::string key : {"gone1", "gone2", "sealed4", "sealed6", "never"}) {
      const auto found = (*store)->Get(key);
      if (!found) {
        CheckIsDamage(found.error());
      } else {
        EXPECT_EQ(*found, std::nullopt) << key;
      }
    }
    CheckManyNeverWrong(**store);
    auto expected = contents_.begin();
    const Status scanned = (*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      EXPECT_TRUE(expected != contents_.end() && expected->first == key && expected->second == value) << key;
      if (expected != contents_.end()) ++expected;
      return !HasFailure();
    });
    if (!scanned) return CheckIsDamage(scanned.error());
    EXPECT_EQ(expected, contents_.end()) << "the scan ended early and without an error";
  }

  // The same for reading all of them at once, and some that were never there.
  void CheckManyNeverWrong(store::Store& store) {
    std::vector<std::string_view> keys{"gone1", "gone2", "sealed4", "sealed6", "never"};
    for (const auto& [key, value] : contents_) keys.push_back(key);
    std::vector<int> visits(keys.size());
    const Status status = store.MultiGet(keys, [&](std::size_t i, std::optional<std::string_view> value) {
      ++visits[i];
      const auto at = contents_.find(std::string(keys[i]));
      EXPECT_EQ(value.has_value(), at != contents_.end()) << keys[i];
      if (value && at != contents_.end()) {
        EXPECT_EQ(*value, at->second);
      }
    });
    if (!status) return CheckIsDamage(status.error());
    EXPECT_THAT(visits, testing::Each(1));
  }

  static void CheckIsDamage(const Error& error) {
    EXPECT_TRUE(error.code == ErrorCode::kCorruption || error.code == ErrorCode::kUnsupported) << error.ToString();
    EXPECT_THAT(error.context, testing::Not(testing::IsEmpty()));
  }

  const ScratchDirectory scratch_;
  Contents contents_;
};

TEST_F(Damage, NoChangedByteIsTakenForWhatWasWritten) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  ASSERT_GE(files.size(), 4U);
  base::Random random(TestSeed());
  for (std::uint64_t round = 0; round < Rounds(); ++round) {
    for (const auto& [name, bytes] : files) {
      const std::size_t end = std::min(bytes.size(), UsedBytes(bytes) + 40);
      for (std::size_t at = 0; at < end; ++at) {
        const auto flipped = static_cast<char>(1U << random.Below(8));
        Restore(files, scratch_.path());
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flipped);
        Put(scratch_.path() / name, damaged);
        CheckNeverWrong(scratch_.path());
        ASSERT_FALSE(HasFailure()) << name << " byte " << at << " xor " << int{flipped};
      }
    }
  }
}

TEST_F(Damage, NoFileThatWasCutIsTakenForAWholeOne) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  for (const auto& [name, bytes] : files) {
    for (std::size_t length = 0; length < UsedBytes(bytes); ++length) {
      Restore(files, scratch_.path());
      Put(scratch_.path() / name, std::string_view(bytes).substr(0, length));
      CheckNeverWrong(scratch_.path());
      ASSERT_FALSE(HasFailure()) << name << " cut to " << length;
    }
  }
}

TEST_F(Damage, AHintFileIsNeverNeeded) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  std::size_t hints = 0;
  for (const auto& [name, bytes] : files) {
    if (!name.ends_with(".hint")) continue;
    ++hints;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Restore(files, scratch_.path());
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      Put(scratch_.path() / name, damaged);
      auto store = Open(scratch_.path());
      ASSERT_TRUE(store) << store.error().ToString();
      EXPECT_EQ(*ReadAll(**store), contents_) << "byte " << at;
      EXPECT_EQ((*store)->open_report().segments_from_hints, hints - 1);
    }
  }
  EXPECT_EQ(hints, 1U) << "the store was to have one hint file";
}

TEST_F(Damage, ASavedIndexIsNeverNeeded) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  const std::string& bytes = files.at("INDEX");
  for (std::size_t at = 0; at <= bytes.size(); ++at) {
    Restore(files, scratch_.path());
    std::string damaged = bytes;
    if (at < bytes.size()) damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
    Put(scratch_.path() / "INDEX", damaged);
    auto store = Open(scratch_.path());
    ASSERT_TRUE(store) << store.error().ToString();
    EXPECT_EQ(*ReadAll(**store), contents_) << "byte " << at;
    EXPECT_EQ((*store)->open_report().index_was_saved, at == bytes.size()) << "byte " << at;
  }
  for (std::size_t cut = 0; cut < bytes.size(); cut += 7) {
    Restore(files, scratch_.path());
    Put(scratch_.path() / "INDEX", bytes.substr(0, cut));
    auto store = Open(scratch_.path());
    ASSERT_TRUE(store) << store.error().ToString();
    EXPECT_EQ(*ReadAll(**store), contents_) << "cut at " << cut;
    EXPECT_FALSE((*store)->open_report().index_was_saved);
  }
}

TEST_F(Damage, AFileThatIsMissingIsReported) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  for (const auto& [name, bytes] : files) {
    if (name.ends_with(".hint") || name == "INDEX") continue;
    Restore(files, scratch_.path());
    fs::remove(scratch_.path() / name);
    const auto store = Open(scratch_.path());
    ASSERT_FALSE(store) << name;
    EXPECT_EQ(store.error().code, ErrorCode::kCorruption) << store.error().ToString();
    EXPECT_THAT(store.error().context, testing::HasSubstr("missing"));
  }
}

// --- Torn tails ---

class TornTail : public Damage {
 protected:
  static constexpr int kSynced = static_cast<int>(store::OpenSegment::kMarkSyncsMax) + 1;
  static constexpr int kRecords = kSynced + 4;

  // Writes records, of which those before the last sync are covered by the synced mark, and takes the files as a crash
  // would leave them.
  void MakeCrashedStore() {
    const ScratchDirectory running;
    auto opened = store::Store::Open(io::PosixFileSystem(), running.path(), SmallStore(SyncPolicy::kNone));
    ASSERT_TRUE(opened);
    for (int i = 0; i < kRecords; ++i) {
      ASSERT_TRUE((*opened)->Set(KeyOf(i), std::string(20, 'v')));
      if (i < kSynced) {
        ASSERT_TRUE((*opened)->Sync());  // The last one notes how far the one before it came.
      }
    }
    files_ = FilesOf(running.path());
    for (auto& [name, bytes] : files_) {
      if (name.ends_with(".seg")) segment_ = name;
    }
    bytes_ = files_[segment_];
    used_bytes_ = UsedBytes(bytes_);
    Restore(files_, scratch_.path());
    auto segment = log::Segment::Open(io::PosixFileSystem(), scratch_.path(), 1);
    ASSERT_TRUE(segment);
    marked_bytes_ = *(*segment)->SyncedBytes();
    ASSERT_GT(marked_bytes_, log::kSegmentHeaderBytes);
    ASSERT_LT(marked_bytes_ + 100, used_bytes_);
  }

  static std::string KeyOf(int i) { return "key" + std::to_string(10 + i); }

  // Opens the store with the segment as given, of which everything before `good_bytes` is as it was written.
  void CheckCut(const std::string& segment, std::size_t good_bytes) {
    Restore(files_, scratch_.path());
    Put(scratch_.path() / segment_, segment);
    auto store = Open(scratch_.path());
    ASSERT_TRUE(store) << store.error().ToString();
    const auto found = ReadAll(**store);
    ASSERT_TRUE(found) << found.error().ToString();
    const std::size_t record_bytes = (used_bytes_ - log::kSegmentHeaderBytes) / kRecords;
    EXPECT_EQ(found->size(), (good_bytes - log::kSegmentHeaderBytes) / record_bytes);
    for (std::size_t i = 0; i < found->size(); ++i) EXPECT_TRUE(found->contains(KeyOf(static_cast<int>(i))));
    const std::size_t kept = log::kSegmentHeaderBytes + found->size() * record_bytes;
    const std::size_t rest = UsedBytes(segment);
    EXPECT_EQ((*store)->open_report().torn_tail_bytes, rest > kept ? rest - kept : 0);
    EXPECT_TRUE((*store)->Set("after", "it goes on"));
  }

  Files files_;
  std::string segment_;
  std::string bytes_;
  std::size_t used_bytes_ = 0;
  std::size_t marked_bytes_ = 0;
};

TEST_F(TornTail, IsCutAtTheLastWholeRecord) {
  MakeCrashedStore();
  for (std::size_t at = marked_bytes_; at < used_bytes_; ++at) {
    CheckCut(bytes_.substr(0, at), at);
    ASSERT_FALSE(HasFailure()) << "cut to " << at;
  }
}

TEST_F(TornTail, MayBeZeroes) {
  MakeCrashedStore();
  for (std::size_t at = marked_bytes_; at < used_bytes_; ++at) {
    std::string segment = bytes_;
    segment.replace(at, used_bytes_ - at, used_bytes_ - at, '\0');
    CheckCut(segment, at);
    ASSERT_FALSE(HasFailure()) << "zeroes from " << at;
  }
}

TEST_F(TornTail, MayBeGarbage) {
  MakeCrashedStore();
  base::Random random(TestSeed());
  for (std::size_t at = marked_bytes_; at < used_bytes_; ++at) {
    std::string segment = bytes_;
    for (std::size_t i = at; i < used_bytes_ + random.Below(64); ++i) segment[i] = static_cast<char>(random.Next() | 1);
    segment[at] = static_cast<char>(bytes_[at] ^ 0x01);
    CheckCut(segment, at);
    ASSERT_FALSE(HasFailure()) << "garbage from " << at;
  }
}

// Below the mark nothing can be torn: the disk had said that it has it.
TEST_F(TornTail, DoesNotReachBelowTheSyncedMark) {
  MakeCrashedStore();
  for (std::size_t at = log::kSegmentHeaderBytes; at < marked_bytes_; ++at) {
    Restore(files_, scratch_.path());
    std::string segment = bytes_;
    segment[at] = static_cast<char>(segment[at] ^ 0x10);
    Put(scratch_.path() / segment_, segment);
    const auto store = Open(scratch_.path());
    ASSERT_FALSE(store) << "byte " << at;
    EXPECT_EQ(store.error().code, ErrorCode::kCorruption) << store.error().ToString();
    EXPECT_THAT(store.error().context, testing::AllOf(testing::HasSubstr(segment_), testing::HasSubstr("offset=")));
  }
}

}  // namespace
}  // namespace kvs::test
