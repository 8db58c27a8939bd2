// Promised: after a failed sync, opening the store again makes it whole. Its contents reach the disk before any later
// write is acknowledged. A power cut later in the same boot takes no acknowledged write.
//
// Attack: the n-th sync of a workload fails. From then on the kernel takes the unwritten pages for clean: no later sync
// writes them unless they are written again. The store is opened again on that machine and goes on. Then the power is
// cut, at any operation or at the end.
//
// Replay: KVS_TEST_SEED with the seed that the failure names; KVS_CRASH_ROUNDS multiplies the seeds.
#include <atomic>
#include <cerrno>
#include <string>

#include "crash/crash_test.h"
#include "crash/write_history.h"
#include "support/faulty_file_system.h"

namespace kvs::test {
namespace {

constexpr std::uint64_t kSeeds = 40;
constexpr std::size_t kWrites = 60;

struct Setting {
  const char* name;
  SyncPolicy sync;
  bool can_reserve;
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class FailedSync : public testing::TestWithParam<Setting> {
 protected:
  // Writes until a write fails or there were kWrites.
  void Work(store::Store& store, WriteHistory* history) {
    for (std::size_t i = 1; i <= kWrites; ++i) {
      if (!history->WriteNext(store)) return;
      if (GetParam().sync == SyncPolicy::kAlways) must_survive_ = history->acknowledged();
      if (i % 7 == 0 && store.Sync()) must_survive_ = history->acknowledged();
    }
  }

  // The store as it is, which decides about the write whose fate was unknown.
  void TakeStock(store::Store& store, WriteHistory* history) {
    const auto found = ReadAll(store);
    ASSERT_TRUE(found) << found.error().ToString();
    const auto match = history->Match(*found, must_survive_);
    ASSERT_TRUE(match) << "of " << history->acknowledged() << " writes " << must_survive_ << " had to survive";
    history->CutTo(*match);
  }

  void FailAndCut(std::uint64_t seed) {
    base::Random random(seed);
    const ScratchDirectory scratch;
    WriteHistory history(seed);
    FaultyFileSystem files(scratch.path());
    if (!GetParam().can_reserve) files.RefuseToReserve();
    must_survive_ = 0;
    std::atomic<std::uint64_t> syncs_left = 1 + random.Below(GetParam().sync == SyncPolicy::kAlways ? 60 : 12);
    {
      auto store = store::Store::Open(files, scratch.path(), SmallStore(GetParam().sync));
      ASSERT_TRUE(store);
      files.SetHook([&](const Operation& operation) -> Status {
        const bool is_data = operation.kind == OperationKind::kSync && operation.path.extension() == ".seg";
        if (!is_data || syncs_left.fetch_sub(1, std::memory_order_relaxed) != 1) return Ok();
        return Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "injected fault"};
      });
      Work(**store, &history);
    }
    files.SetHook({});
    {
      auto store = store::Store::Open(files, scratch.path(), SmallStore(GetParam().sync));
      ASSERT_TRUE(store) << store.error().ToString();
      TakeStock(**store, &history);
      if (random.OneIn(2)) files.CutPowerAt(files.operations() + 1 + random.Below(100));
      Work(**store, &history);
      files.CutPowerAt(files.operations() + 1);
    }
    files.RestoreAsAfterPowerLoss(random.Next());
    auto store = store::Store::Open(io::PosixFileSystem(), scratch.path(), SmallStore(GetParam().sync));
    ASSERT_TRUE(store) << store.error().ToString();
    TakeStock(**store, &history);
  }

  std::size_t must_survive_ = 0;
};

TEST_P(FailedSync, IsRepairedByOpeningAgain) {
  for (std::uint64_t i = 0; i < kSeeds * Rounds(); ++i) {
    FailAndCut(TestSeed() + i);
    ASSERT_FALSE(HasFailure()) << "KVS_TEST_SEED=" << TestSeed() + i;
  }
}

INSTANTIATE_TEST_SUITE_P(EveryPolicy, FailedSync,
                         testing::Values(Setting{"none", SyncPolicy::kNone, true},
                                         Setting{"interval", SyncPolicy::kInterval, true},
                                         Setting{"always", SyncPolicy::kAlways, true},
                                         Setting{"noneWithoutReserve", SyncPolicy::kNone, false},
                                         Setting{"intervalWithoutReserve", SyncPolicy::kInterval, false},
                                         Setting{"alwaysWithoutReserve", SyncPolicy::kAlways, false}),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace kvs::test
