// Promised: a failed file operation makes no false acknowledgement. Every acknowledged write is readable, both then and
// after the next opening. After a failed write or sync the store refuses writes and says why, while reads go on. A full
// disk refuses only writes that need room, and only until room returns.
//
// Attack: "fail the n-th operation, for every n" (SQLite's way): one error, or every one from there on. A later sync of
// the same file does not write the pages of a failed sync either.
//
// Replay: KVS_TEST_SEED with the seed that the failure names, which also decides the order of the threads.
#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

#include "crash/crash_test.h"
#include "crash/write_history.h"
#include "support/faulty_file_system.h"
#include "support/seeded_schedule.h"
#include "support/tally.h"
#include "sync/schedule.h"

namespace kvs::test {
namespace {

constexpr std::size_t kWrites = 130;

struct Setting {
  const char* name;
  SyncPolicy sync;
  int sys_errno;
  bool is_sticky;
  bool can_reserve = true;
  std::uint64_t stride = 1;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class FileFault : public testing::TestWithParam<Setting> {
 protected:
  void Work(store::Store& store, FaultyFileSystem* files, WriteHistory* history) {
    for (std::size_t i = 1; i <= kWrites && !HasFailure(); ++i) {
      const Status status = history->WriteNext(store);
      if (!status && status.error().code == ErrorCode::kNoSpace) {
        CheckFullDisk(store, files, history);
      } else if (!status) {
        return CheckPoisoned(store, *files, history, status.error());
      }
      if (i % 17 == 0 && store.Sync()) must_survive_ = history->acknowledged();
      if (i % 40 == 0) static_cast<void>(store.Compact().has_value());
      if (GetParam().sync == SyncPolicy::kAlways) must_survive_ = history->acknowledged();
    }
  }

  // Removals go on, and everything goes on when there is room again.
  void CheckFullDisk(store::Store& store, FaultyFileSystem* files, WriteHistory* history) {
    EXPECT_EQ(GetParam().sys_errno, ENOSPC);
    EXPECT_TRUE(files->has_failed());
    if (GetParam().can_reserve && !history->contents().empty()) {
      const Status removed = history->RemoveOne(store);
      EXPECT_TRUE(removed) << TextOf(removed);
    }
    files->Heal();
    Status written = history->WriteNext(store);
    for (int i = 0; i < 1'000 && !written; ++i) {  // The store asks for room again every half second.
      sync::SleepUntil(sync::SteadyClock::now() + std::chrono::milliseconds(10));
      written = history->WriteNext(store);
    }
    EXPECT_TRUE(written) << "there is room again: " << TextOf(written);
  }

  void CheckPoisoned(store::Store& store, const FaultyFileSystem& files, WriteHistory* history, const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kPoisoned) << error.ToString();
    EXPECT_THAT(error.context, testing::HasSubstr("injected fault"));
    EXPECT_TRUE(GetParam().sys_errno == EIO || files.has_failed_to_sync())
        << "a full disk must pass: " << error.ToString();
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(history->WriteNext(store)) << "a poisoned store took a write";
    CheckContents(store, *history);
  }

  void CheckContents(store::Store& store, const WriteHistory& history) {
    const auto found = ReadAll(store);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_TRUE(history.Match(*found, history.acknowledged())) << "not all acknowledged writes can be read";
  }

  std::uint64_t FailOnce(std::uint64_t seed, std::uint64_t number) {
    const ScratchDirectory scratch;
    const SeededSchedule schedule(seed + number);
    WriteHistory history(seed);
    FaultyFileSystem files(scratch.path());
    if (!GetParam().can_reserve) files.RefuseToReserve();
    files.FailAt(number, GetParam().sys_errno, GetParam().is_sticky);
    must_survive_ = 0;
    {
      auto store = store::Store::Open(files, scratch.path(), SmallStore(GetParam().sync));
      if (store) Work(**store, &files, &history);
      if (store && !HasFailure()) CheckContents(**store, history);
      EXPECT_TRUE(store || files.has_failed());
    }
    const std::uint64_t operations = files.operations();
    // Every other time the power goes after it: the writes of the failed sync are lost then, the promised ones are not.
    const bool power_goes = number % 2 == 0;
    if (power_goes) files.RestoreAsAfterPowerLoss(seed);
    CheckReopened(scratch.path(), history, power_goes ? must_survive_ : history.acknowledged());
    return operations;
  }

  void CheckReopened(const std::filesystem::path& directory, const WriteHistory& history, std::size_t must_survive) {
    auto store = store::Store::Open(io::PosixFileSystem(), directory, SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    const auto found = ReadAll(**store);
    ASSERT_TRUE(found) << found.error().ToString();
    EXPECT_TRUE(history.Match(*found, must_survive)) << "acknowledged writes are gone";
  }

  std::size_t must_survive_ = 0;
};

TEST_P(FileFault, LosesNoAcknowledgedWrite) {
  std::uint64_t faults = 0;
  for (std::uint64_t round = 0; round < Rounds(); ++round) {
    const std::uint64_t seed = TestSeed() + round;
    const std::uint64_t operations = FailOnce(seed, UINT64_MAX);
    for (std::uint64_t number = 1; number <= operations; number += GetParam().stride) {
      FailOnce(seed, number);
      ++faults;
      ASSERT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << seed << ", fault at operation " << number << " of "
                                 << operations;
    }
  }
  Tally("failed file operations", faults);
}

INSTANTIATE_TEST_SUITE_P(EveryError, FileFault,
                         testing::Values(Setting{"ioErrorOnce", SyncPolicy::kInterval, EIO, false},
                                         Setting{"ioErrorsFromThenOn", SyncPolicy::kInterval, EIO, true},
                                         Setting{"ioErrorOnceAlways", SyncPolicy::kAlways, EIO, false, true, 2},
                                         Setting{"ioErrorOnceWithoutReserve", SyncPolicy::kNone, EIO, false, false, 2},
                                         Setting{"fullDiskOnce", SyncPolicy::kNone, ENOSPC, false},
                                         Setting{"fullDiskFromThenOn", SyncPolicy::kInterval, ENOSPC, true},
                                         Setting{"fullDiskOnceAlways", SyncPolicy::kAlways, ENOSPC, false, true, 2},
                                         Setting{"fullDiskFromThenOnWithoutReserve", SyncPolicy::kNone, ENOSPC, true,
                                                 false, 2}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace kvs::test
