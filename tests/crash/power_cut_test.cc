// Promised: after power loss the store holds a first part of the writes, in whole batches, with every write that a sync
// had covered. After a process was killed it holds every write that was acknowledged. It opens without an error and
// works on.
//
// Attack: a workload runs once on a FaultyFileSystem to count its operations. Then it runs again and again, with the
// power cut at one of them. The disk's contents afterwards are drawn at random: each sector and each name that no sync
// covered exists or not. Three cuts in a row hit the same store, including the recovery from the cut before. A kill
// is a cut after which the files stay as they are.
//
// Replay: KVS_TEST_SEED with the seed that the failure names, which also decides the order of the threads.
// KVS_CRASH_ROUNDS=1000 for a long night. KVS_CUT_STATES=N looks at N states of the disk after each cut.
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "crash/crash_test.h"
#include "crash/write_history.h"
#include "support/faulty_file_system.h"
#include "support/seeded_schedule.h"
#include "support/tally.h"

namespace kvs::test {
namespace {

constexpr std::size_t kWrites = 150;
constexpr std::size_t kCutsInARow = 3;

enum class Ending : std::uint8_t { kPowerLoss, kKill };

struct Setting {
  const char* name;
  SyncPolicy sync;
  bool can_reserve;
  std::uint64_t stride;  // Every which operation is cut at in one round.
  Ending ending = Ending::kPowerLoss;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

// Returns how many writes must survive: under kAlways all, else the writes before the last barrier.
std::size_t Work(store::Store& store, WriteHistory* history, SyncPolicy sync) {
  std::size_t must_survive = 0;
  for (std::size_t i = 1; i <= kWrites; ++i) {
    if (!history->WriteNext(store)) return must_survive;
    if (sync == SyncPolicy::kAlways) must_survive = history->acknowledged();
    if (i % 17 == 0 && store.Sync()) must_survive = history->acknowledged();
    if (i % 40 == 0) static_cast<void>(store.Compact().has_value());  // Fails when the power is gone.
  }
  return must_survive;
}

class PowerCut : public testing::TestWithParam<Setting> {
 protected:
  static bool IsKill() { return GetParam().ending == Ending::kKill; }
  static void Count(std::uint64_t states) {
    Tally(IsKill() ? "kills at a file operation" : "states after power cuts", states);
  }

  // Works on the store in `directory` until the power is cut at operation `cut_at`, and lets it return. Returns how
  // many writes must have survived.
  std::size_t CutOnce(const std::filesystem::path& directory, WriteHistory* history, std::uint64_t cut_at,
                      std::uint64_t seed, std::size_t had_survived) {
    const SeededSchedule schedule(seed);
    FaultyFileSystem files(directory);
    if (!GetParam().can_reserve) files.RefuseToReserve();
    files.CutPowerAt(cut_at);
    std::size_t must_survive = had_survived;
    {
      auto store = store::Store::Open(files, directory, SmallStore(GetParam().sync));
      if (store) must_survive = std::max(must_survive, Work(**store, history, GetParam().sync));
    }
    operations_ = files.operations();
    ++states_;
    if (IsKill()) return history->acknowledged();
    base::Random random(seed);
    const ScratchDirectory other;
    for (std::uint64_t state = 1; state < states_per_cut_ && !HasFailure(); ++state, ++states_) {
      const std::uint64_t of_state = random.Next();
      files.ShowAfterPowerLoss(of_state, other.path());
      CheckState(other.path(), *history, must_survive);
      EXPECT_FALSE(HasFailure()) << "the state of seed " << of_state;
    }
    files.RestoreAsAfterPowerLoss(seed);
    return must_survive;
  }

  // Opens the store, and checks its contents. Returns how many writes survived.
  std::optional<std::size_t> CheckState(const std::filesystem::path& directory, const WriteHistory& history,
                                        std::size_t must_survive) {
    auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
    EXPECT_TRUE(store) << store.error().ToString();
    return store ? MatchOf(**store, history, must_survive) : std::nullopt;
  }

  static std::optional<std::size_t> MatchOf(store::Store& store, const WriteHistory& history,
                                            std::size_t must_survive) {
    const auto found = ReadAll(store);
    EXPECT_TRUE(found) << found.error().ToString();
    if (!found) return std::nullopt;
    const auto match = history.Match(*found, must_survive);
    EXPECT_TRUE(match) << "what was found is not the outcome of any first " << must_survive << " or more of "
                       << history.acknowledged() << " acknowledged writes";
    return match;
  }

  // Opens the store, and checks its contents and that it works. Returns how many writes survived.
  std::size_t CheckSurvivors(const std::filesystem::path& directory, WriteHistory* history, std::size_t must_survive) {
    std::size_t survived = 0;
    {
      auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
      EXPECT_TRUE(store) << store.error().ToString();
      if (!store) return 0;
      const auto match = MatchOf(**store, *history, must_survive);
      if (!match) return 0;
      survived = *match;
      history->CutTo(survived);
      for (int i = 0; i < 3; ++i) {
        const Status written = history->WriteNext(**store);
        EXPECT_TRUE(written) << TextOf(written);
      }
    }
    auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
    EXPECT_TRUE(store) << store.error().ToString();
    if (!store) return 0;
    const auto again = ReadAll(**store);
    EXPECT_TRUE(again) << again.error().ToString();
    if (!again) return 0;
    EXPECT_EQ(history->Match(*again, 0), history->acknowledged()) << Difference(*again, history->contents());
    return history->acknowledged();
  }

  static std::string Difference(const Contents& found, const Contents& expected) {
    for (const auto& [key, value] : expected) {
      const auto at = found.find(key);
      if (at == found.end()) return key + " is missing";
      if (at->second != value) return key + " has another value";
    }
    for (const auto& [key, value] : found) {
      if (!expected.contains(key)) return key + " should not be there";
    }
    return "no difference";
  }

  std::uint64_t CountOperations(std::uint64_t seed) {
    const ScratchDirectory scratch;
    WriteHistory history(seed);
    CutOnce(scratch.path(), &history, UINT64_MAX, seed, 0);
    return operations_;
  }

  const std::uint64_t states_per_cut_ = NumberFromEnvironment("KVS_CUT_STATES", 4);  // After each cut.
  std::uint64_t operations_ = 0;
  std::uint64_t states_ = 0;
};

TEST_P(PowerCut, TakesASuffixAtMostAndNothingThatWasSynced) {
  for (std::uint64_t round = 0; round < Rounds(); ++round) {
    const std::uint64_t first_seed = TestSeed() + round;
    const std::uint64_t operations = CountOperations(first_seed);
    ASSERT_GT(operations, 100U);
    base::Random random(first_seed);
    for (std::uint64_t cut_at = 1 + random.Below(GetParam().stride); cut_at <= operations;
         cut_at += GetParam().stride) {
      const std::uint64_t seed = random.Next();
      base::Random own(seed);
      const ScratchDirectory scratch;
      WriteHistory history(seed);
      std::size_t must_survive = 0;
      for (std::size_t i = 0; i < kCutsInARow; ++i) {
        const std::uint64_t at = i == 0 ? cut_at : 1 + own.Below(own.OneIn(3) ? 24 : operations);
        must_survive = CutOnce(scratch.path(), &history, at, own.Next(), must_survive);
        must_survive = CheckSurvivors(scratch.path(), &history, must_survive);
        ASSERT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << first_seed << ", cut " << i + 1 << " in a row, at operation "
                                   << at << " (the first of them at " << cut_at << ")";
      }
    }
  }
  Count(states_);
}

// A run of sets is no batch, but it is in order. A first part of it survives, and that part includes every set that was
// acknowledged as durable.
TEST_P(PowerCut, LeavesAFirstPartOfARunOfSets) {
  constexpr std::size_t kRun = 100;
  constexpr std::size_t kRuns = 30;
  const std::string value(2'000, 'v');
  const auto key_of = [](std::size_t i) { return std::to_string(1'000'000 + i); };
  base::Random random(TestSeed());
  std::uint64_t operations = 1;
  for (std::uint64_t cut_at = 1; cut_at <= operations; cut_at += std::max(GetParam().stride, operations / 40)) {
    const ScratchDirectory scratch;
    std::size_t acknowledged = 0;
    {
      FaultyFileSystem files(scratch.path());
      if (!GetParam().can_reserve) files.RefuseToReserve();
      if (cut_at > 1) files.CutPowerAt(cut_at);
      if (auto store = store::Store::Open(files, scratch.path(), SmallStore(GetParam().sync))) {
        for (std::size_t run = 0; run < kRuns; ++run) {
          std::vector<std::string> keys;
          for (std::size_t i = 0; i < kRun; ++i) keys.push_back(key_of(run * kRun + i));
          std::vector<KeyValue> pairs;
          for (const std::string& key : keys) pairs.push_back({key, value});
          std::size_t set = 0;
          const Status status = (*store)->MultiSet(pairs, set);
          if (GetParam().sync == SyncPolicy::kAlways || IsKill()) acknowledged += set;
          if (!status) break;
          if (run % 8 == 7 && (*store)->Sync()) acknowledged = (run + 1) * kRun;
        }
      }
      operations = std::max(operations, files.operations());
      if (!IsKill()) files.RestoreAsAfterPowerLoss(random.Next());
      ++states_;
    }
    auto store = store::Store::Open(io::PosixFileSystem(), scratch.path(), SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    const auto found = ReadAll(**store);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_GE(found->size(), acknowledged) << "KVS_TEST_SEED=" << TestSeed() << ", cut at " << cut_at;
    std::size_t next = 0;
    for (const auto& pair : *found) ASSERT_EQ(pair.first, key_of(next++)) << "a key from the middle is missing";
  }
  Count(states_);
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, PowerCut,
                         testing::Values(Setting{"none", SyncPolicy::kNone, true, 2},
                                         Setting{"interval", SyncPolicy::kInterval, true, 2},
                                         Setting{"always", SyncPolicy::kAlways, true, 4},
                                         Setting{"noneWithoutReserve", SyncPolicy::kNone, false, 4},
                                         Setting{"alwaysWithoutReserve", SyncPolicy::kAlways, false, 8},
                                         Setting{"killedNone", SyncPolicy::kNone, true, 3, Ending::kKill},
                                         Setting{"killedInterval", SyncPolicy::kInterval, true, 3, Ending::kKill},
                                         Setting{"killedAlways", SyncPolicy::kAlways, true, 9, Ending::kKill}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace kvs::test
