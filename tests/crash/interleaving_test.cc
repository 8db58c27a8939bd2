// Promised: in whatever order the threads of a store run, and wherever the power is cut, the store holds a first part
// of the writes of each writer, with all that a sync had covered. No thread waits forever.
//
// Attack: three writers, a reader that compacts, and the threads of the store itself run one at a time. A seed decides
// which runs next at each lock and each file operation, and where the power is cut.
//
// Replay: KVS_TEST_SEED with the seed that the failure names replays the history, operation by operation. The first
// test shows that it does. KVS_CRASH_ROUNDS=1000 for a long night.
#include <array>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "crash/crash_test.h"
#include "crash/write_history.h"
#include "support/faulty_file_system.h"
#include "support/seeded_schedule.h"
#include "support/tally.h"
#include "sync/thread.h"

namespace kvs::test {
namespace {

constexpr std::size_t kWritesEach = 50;
constexpr std::uint64_t kSeedsPerRound = 40;
constexpr std::uint64_t kNever = UINT64_MAX;

class Writer {
 public:
  Writer(std::uint64_t seed, std::string prefix) : history_(seed, prefix), prefix_(std::move(prefix)) {}

  // Until a write fails.
  void Write(store::Store& store, SyncPolicy sync) {
    for (std::size_t i = 1; i <= kWritesEach; ++i) {
      if (!history_.WriteNext(store)) return;
      if (sync == SyncPolicy::kAlways) must_survive_ = history_.acknowledged();
      if (i % 16 != 0) continue;
      const std::size_t acknowledged = history_.acknowledged();
      if (store.Sync()) must_survive_ = acknowledged;
    }
  }

  void Check(const Contents& found, bool power_was_cut) const {
    Contents own;
    for (const auto& [key, value] : found) {
      if (key.starts_with(prefix_)) own.emplace(key, value);
    }
    const std::size_t must_survive = power_was_cut ? must_survive_ : history_.acknowledged();
    EXPECT_TRUE(history_.Match(own, must_survive))
        << "the keys " << prefix_ << "* are not the outcome of any first " << must_survive << " or more of "
        << history_.acknowledged() << " writes";
  }

 private:
  WriteHistory history_;
  const std::string prefix_;
  std::size_t must_survive_ = 0;
};

void ReadAndCompact(store::Store& store) {
  for (int i = 0; i < 12; ++i) {
    const Status scanned = store.Scan({}, [](std::string_view key, std::string_view value) {
      EXPECT_TRUE(value.starts_with(std::string(key) + "#")) << key << " has the value of another key";
      sync::Yield();
      return true;
    });
    EXPECT_TRUE(scanned) << TextOf(scanned);
    if (i % 4 == 3) static_cast<void>(store.Compact().has_value());  // Fails when the power is gone.
  }
}

class Interleaving : public testing::Test {
 protected:
  // Returns the file operations in their order.
  static std::vector<std::string> Run(std::uint64_t seed, std::uint64_t cut_at) {
    base::Random random(seed);
    const auto sync = std::array{SyncPolicy::kNone, SyncPolicy::kInterval, SyncPolicy::kAlways}[random.Below(3)];
    std::vector<Writer> writers;
    for (const char* prefix : {"a", "b", "c"}) writers.emplace_back(random.Next(), prefix);
    const ScratchDirectory scratch;
    std::vector<std::string> operations;
    {
      SeededSchedule schedule(random.Next());
      FaultyFileSystem files(scratch.path());
      files.CutPowerAt(cut_at);
      files.SetHook([&](const Operation& operation) {
        operations.push_back(std::to_string(static_cast<int>(operation.kind)) +
                             operation.path.lexically_relative(scratch.path()).string());
        return Ok();
      });
      if (auto store = store::Store::Open(files, scratch.path(), SmallStore(sync))) WorkOn(**store, writers, sync);
      if (cut_at != kNever) files.RestoreAsAfterPowerLoss(random.Next());
    }
    CheckSurvivors(scratch.path(), writers, cut_at != kNever);
    EXPECT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << seed << ", power cut at operation " << cut_at;
    return operations;
  }

 private:
  static void WorkOn(store::Store& store, std::vector<Writer>& writers, SyncPolicy sync) {
    std::vector<std::thread> threads;
    const auto start = [&](std::function<void()> body) {
      auto thread = sync::StartThread(std::move(body));
      ASSERT_TRUE(thread);
      threads.push_back(*std::move(thread));
    };
    for (Writer& writer : writers) start([&] { writer.Write(store, sync); });
    start([&] { ReadAndCompact(store); });
    for (std::thread& thread : threads) sync::Join(thread);
  }

  static void CheckSurvivors(const std::filesystem::path& directory, const std::vector<Writer>& writers,
                             bool power_was_cut) {
    auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(SyncPolicy::kNone));
    ASSERT_TRUE(store) << store.error().ToString();
    const auto found = ReadAll(**store);
    ASSERT_TRUE(found) << found.error().ToString();
    for (const Writer& writer : writers) writer.Check(*found, power_was_cut);
  }
};

// A cut changes nothing before it, so the operations until there are the same as well.
TEST_F(Interleaving, OneSeedReplaysOneHistory) {
  for (std::uint64_t seed = TestSeed(); seed < TestSeed() + 4; ++seed) {
    const std::vector<std::string> whole = Run(seed, kNever);
    ASSERT_GT(whole.size(), 100U);
    EXPECT_EQ(Run(seed, kNever), whole);
    EXPECT_NE(Run(seed + 1'000, kNever), whole);
    std::vector<std::string> cut = Run(seed, 60);
    ASSERT_GT(cut.size(), 60U);
    EXPECT_TRUE(std::equal(cut.begin(), cut.begin() + 60, whole.begin()));
  }
}

TEST_F(Interleaving, LosesNothingInAnyOrder) {
  base::Random random(TestSeed());
  for (std::uint64_t i = 0; i < kSeedsPerRound * Rounds() && !HasFailure(); ++i) {
    const std::uint64_t seed = i == 0 ? TestSeed() : random.Next();
    const std::size_t operations = Run(seed, kNever).size();
    for (int cut = 0; cut < 3 && !HasFailure(); ++cut) Run(seed, 1 + random.Below(operations));
  }
  Tally("interleavings of threads", 4 * kSeedsPerRound * Rounds());
}

}  // namespace
}  // namespace kvs::test
