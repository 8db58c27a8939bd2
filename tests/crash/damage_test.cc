// Promised: a damaged byte is reported as corruption, never as a missing key, never as a wrong value.
//
// Attack: a small store with every kind of file is closed cleanly: sealed segments, one with a hint file, an open one,
// the manifest. Then every byte of it is changed, and every file is cut at every length, one at a time.
//
// Replay: KVS_TEST_SEED chooses which bits change. KVS_CRASH_ROUNDS repeats with other bits, KVS_EVERY_BIT=1 takes all.
#include "crash/damage.h"

#include <string>

#include "base/random.h"
#include "support/tally.h"

namespace kvs::test {
namespace {

namespace fs = std::filesystem;

TEST_F(Damage, NoChangedByteIsTakenForWrittenData) {
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  ASSERT_GE(files.size(), 4U);
  base::Random random(TestSeed());
  const bool takes_every_bit = NumberFromEnvironment("KVS_EVERY_BIT", 0) != 0;
  const std::uint64_t rounds = takes_every_bit ? 8 : Rounds();
  std::uint64_t flips = 0;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    for (const auto& [name, bytes] : files) {
      const std::size_t end = std::min(bytes.size(), UsedBytes(bytes) + 40);
      for (std::size_t at = 0; at < end; ++at, ++flips) {
        const auto flipped = static_cast<char>(1U << (takes_every_bit ? round : random.Below(8)));
        Restore(files, scratch_.path());
        std::string damaged = bytes;
        damaged[at] = static_cast<char>(damaged[at] ^ flipped);
        Put(scratch_.path() / name, damaged);
        CheckNeverWrong(scratch_.path());
        ASSERT_FALSE(HasFailure()) << name << " byte " << at << " xor " << int{flipped};
      }
    }
  }
  Tally("flipped bits", flips);
}

// Up to eight bytes that stand together, in up to three places of up to two files.
TEST_F(Damage, NoChangedBytesAreTakenForWrittenData) {
  constexpr std::uint64_t kChanges = 500;  // In a round.
  MakeStore(scratch_.path());
  const Files files = FilesOf(scratch_.path());
  base::Random random(TestSeed());
  for (std::uint64_t change = 0; change < kChanges * Rounds(); ++change) {
    Restore(files, scratch_.path());
    std::string places;
    for (std::uint64_t file = 1 + random.Below(2); file > 0; --file) {
      const auto& [name, bytes] = *std::next(files.begin(), static_cast<std::ptrdiff_t>(random.Below(files.size())));
      std::string damaged = bytes;
      for (std::uint64_t place = 1 + random.Below(3); place > 0; --place) {
        const std::size_t at = random.Below(std::min(bytes.size(), UsedBytes(bytes) + 40));
        const std::size_t end = std::min(bytes.size(), at + 1 + random.Below(8));
        for (std::size_t i = at; i < end; ++i) damaged[i] = static_cast<char>(random.Next());
        places += " " + name + " " + std::to_string(at);
      }
      Put(scratch_.path() / name, damaged);
    }
    CheckNeverWrong(scratch_.path());
    ASSERT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << TestSeed() << ", change " << change << ":" << places;
  }
  Tally("changes of several bytes", kChanges * Rounds());
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

}  // namespace
}  // namespace kvs::test
