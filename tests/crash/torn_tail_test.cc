// Promised: a crash may tear the bytes that no sync covered. These are cut off and reported, and nothing else is.
//
// Attack: the files are taken from a running store. The part of the open segment after its synced mark is cut, zeroed
// or garbled at every byte. A store whose process was killed has lost nothing, so a changed byte is damage there,
// unless it is in the last record. The same files in another directory are treated as after a restart of the machine.
//
// Replay: KVS_TEST_SEED chooses which bits change; KVS_CRASH_ROUNDS repeats with other bits.
#include <string>

#include "base/random.h"
#include "crash/damage.h"
#include "kvs/inspect.h"
#include "log/file_names.h"
#include "log/segment.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

class TornTail : public Damage {
 protected:
  static inline const int kSynced = static_cast<int>(store::OpenSegment::kMarkSyncsMax) + 1;
  static inline const int kRecords = kSynced + 4;

  // Writes records, and takes the files as a crash would leave them. The synced mark covers the records before the
  // last sync.
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
    const auto beside = io::PosixFileSystem().ReadFile(log::TornPath(scratch_.path(), 1, 1), std::size_t{1} << 20);
    EXPECT_EQ(beside.has_value(), rest > kept);
    if (beside) {
      EXPECT_EQ(*beside, segment.substr(kept, rest - kept));
    }
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

// --- Damage in the open segment of a process that was killed, which no sync ever covered ---

class KilledStore : public Damage, public testing::WithParamInterface<bool> {
 protected:
  static constexpr int kPairs = 40;

  // The machine has gone down as well, so that the page cache holds nothing.
  static bool was_restarted() { return GetParam(); }

  void MakeKilledStore() {
    {
      auto opened = store::Store::Open(io::PosixFileSystem(), scratch_.path(), SmallStore(SyncPolicy::kNone));
      ASSERT_TRUE(opened);
      for (int i = 0; i < kPairs; ++i) WriteOne(**opened, i);
      files_ = FilesOf(scratch_.path());
    }
    if (was_restarted()) {
      Restore(files_, scratch_.path());
    } else {
      RestoreInPlace(files_, scratch_.path());
    }
    segment_ = log::SegmentPath(scratch_.path(), 1);
    used_bytes_ = UsedBytes(BytesOf(segment_));
    auto segment = log::Segment::Open(io::PosixFileSystem(), scratch_.path(), 1);
    ASSERT_TRUE(segment);
    EXPECT_NE((*segment)->was_kept_in_cache(), was_restarted());
    EXPECT_EQ(*(*segment)->SyncedBytes(), 0U);
  }

  // Batches in between, and values that are long enough for lengths of two bytes.
  void WriteOne(store::Store& store, int i) {
    if (i % 5 == 2) {
      WriteBatch batch;
      for (int member = 0; member < 4; ++member) batch.Set(KeyOf(i) + std::to_string(member), "member");
      ASSERT_TRUE(store.Write(batch));
      for (int member = 0; member < 4; ++member) contents_[KeyOf(i) + std::to_string(member)] = "member";
    } else {
      Put(store, KeyOf(i), std::string(i % 7 == 3 ? 200 : 20, static_cast<char>('a' + i % 26)));
    }
  }
  static std::string KeyOf(int i) { return "key" + std::to_string(100 + i); }

  // Puts `bytes` into the segment, looks at the store, and puts the files back.
  void CheckDamage(const std::string& bytes, std::size_t last_record) {
    Put(segment_, bytes);
    std::uint64_t damages = 0;
    const auto report = VerifyStore(scratch_.path(), [&](const Error&) { ++damages; });
    const auto store = Open(scratch_.path());
    if (store) {
      // Damage in the last record looks like a record that was not finished.
      Contents expected = contents_;
      const auto found = ReadAll(**store);
      ASSERT_TRUE(found) << found.error().ToString();
      if ((*store)->open_report().torn_tail_bytes > 0) {
        EXPECT_LE((*store)->open_report().torn_tail_bytes, bytes.size() - last_record);
        expected.erase(KeyOf(kPairs - 1));
      }
      EXPECT_EQ(*found, expected);
      EXPECT_EQ(damages, 0U);
    } else {
      EXPECT_EQ(store.error().code, ErrorCode::kCorruption) << store.error().ToString();
      EXPECT_THAT(store.error().context, testing::HasSubstr(segment_.filename().string()));
      EXPECT_TRUE(report && damages > 0) << "verify found nothing";
    }
    was_opened_ = store.has_value();
    RestoreInPlace(files_, scratch_.path());
  }

  Files files_;
  fs::path segment_;
  std::size_t used_bytes_ = 0;
  bool was_opened_ = false;
};

TEST_P(KilledStore, OneChangedBitIsNotATornTail) {
  MakeKilledStore();
  const std::string bytes = BytesOf(segment_).substr(0, used_bytes_ + 40);
  const std::size_t last_record = used_bytes_ - log::RecordBytes(log::DraftPut(KeyOf(0), std::string(20, 'v')), 100);
  std::size_t opened = 0;
  base::Random random(TestSeed());
  for (std::uint64_t round = 0; round < Rounds(); ++round) {
    for (std::size_t at = log::kSegmentHeaderBytes; at < used_bytes_; ++at) {
      const auto flipped = static_cast<char>(1U << random.Below(8));
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ flipped);
      CheckDamage(damaged, last_record);
      opened += was_opened_ && at < last_record ? 1 : 0;
      ASSERT_FALSE(HasFailure()) << "byte " << at << " of " << used_bytes_ << " xor " << int{flipped};
    }
  }
  EXPECT_EQ(opened, 0U) << "damage was cut off with the records after it";
}

TEST_P(KilledStore, SeveralChangedBytesAreNotATornTail) {
  MakeKilledStore();
  const std::string bytes = BytesOf(segment_).substr(0, used_bytes_ + 40);
  base::Random random(TestSeed());
  for (int round = 0; round < 300; ++round) {
    std::string damaged = bytes;
    const std::size_t first = log::kSegmentHeaderBytes + random.Below(used_bytes_ - 600);
    for (std::uint64_t i = 2 + random.Below(6); i > 0; --i) {
      char& byte = damaged[first + random.Below(300)];
      byte = static_cast<char>(byte ^ static_cast<char>(1 + random.Below(255)));
    }
    if (damaged == bytes) continue;
    CheckDamage(damaged, used_bytes_);
    ASSERT_FALSE(was_opened_) << "round " << round << ", from byte " << first;
    ASSERT_FALSE(HasFailure());
  }
}

// Sectors that had not reached the disk are zero: with the page cache that cannot be, without it that is a torn tail.
TEST_P(KilledStore, AHoleIsTornOnlyAfterARestart) {
  MakeKilledStore();
  const std::string bytes = BytesOf(segment_).substr(0, used_bytes_ + 40);
  for (std::size_t sector = 512; sector + 512 < used_bytes_; sector += 512) {
    std::string damaged = bytes;
    damaged.replace(sector, 512, 512, '\0');
    Put(segment_, damaged);
    const auto store = Open(scratch_.path());
    EXPECT_EQ(store.has_value(), was_restarted()) << "sector at " << sector;
    if (store) {
      EXPECT_GT((*store)->open_report().torn_tail_bytes, 0U);
    }
    RestoreInPlace(files_, scratch_.path());
  }
}

TEST_P(KilledStore, TheErrorNamesThePlaceAndAWayOn) {
  MakeKilledStore();
  std::string damaged = BytesOf(segment_);
  damaged[used_bytes_ / 2] = static_cast<char>(damaged[used_bytes_ / 2] ^ 0x04);
  Put(segment_, damaged);
  auto store = Open(scratch_.path());
  ASSERT_FALSE(store);
  const std::string& context = store.error().context;
  const std::size_t at = context.find("truncate -s ");
  ASSERT_NE(at, std::string::npos) << context;
  const std::uint64_t length = std::stoull(context.substr(at + 12));
  EXPECT_THAT(context, testing::HasSubstr("offset=" + std::to_string(length)));
  fs::resize_file(segment_, length);  // As it says.
  store = Open(scratch_.path());
  ASSERT_TRUE(store) << store.error().ToString();
  const auto found = ReadAll(**store);
  ASSERT_TRUE(found);
  EXPECT_GT(found->size(), contents_.size() / 4);
  EXPECT_LT(found->size(), contents_.size());
}

INSTANTIATE_TEST_SUITE_P(Machine, KilledStore, testing::Bool(),
                         [](const auto& restarted) { return restarted.param ? "Restarted" : "Running"; });

}  // namespace
}  // namespace kvs::test
