// Promised: setting the wall clock changes the expiry at a point in time, and never the expiry after a span. This holds
// while the store is open, while it is closed, and over a boot. The tests set the clocks.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <semaphore>
#include <string>

#include "log/file_names.h"
#include "store/store.h"
#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

constexpr std::int64_t kHour = 3'600'000;

std::atomic<std::int64_t> wall_ms;
std::atomic<std::int64_t> steady_ms;
std::atomic<std::uint64_t> boot;

class StoreClockTest : public StoreFixture {
 protected:
  void SetUp() override {
    wall_ms = 1'700'000'000'000;
    steady_ms = 5'000;
    boot = 1;
    options_ = SmallSegments();
    KeepLog();
    OpenWithClocks();
  }
  void OpenWithClocks(io::FileSystem& files = io::PosixFileSystem()) {
    const ExpiryClock::Sources clocks{.wall = [] { return wall_ms.load(std::memory_order_relaxed); },
                                      .steady = [] { return steady_ms.load(std::memory_order_relaxed); },
                                      .boot = [] { return boot.load(std::memory_order_relaxed); }};
    OpenWith(clocks, files);
  }
  static void Pass(std::int64_t ms) {
    wall_ms += ms;
    steady_ms += ms;
  }
  void SetAfter(std::string_view key, std::int64_t ms, ExpiryKind kind) {
    const auto expiry_ms = static_cast<std::uint64_t>(static_cast<std::int64_t>(store_->NowMs()) + ms);
    ASSERT_TRUE(IsOk(store_->Set(key, "value", {expiry_ms, kind})));
  }
  // As PTTL tells it; nullopt: absent.
  std::optional<std::int64_t> LeftOf(std::string_view key) {
    std::optional<std::int64_t> left;
    const auto now = static_cast<std::int64_t>(store_->NowMs());
    EXPECT_TRUE(IsOk(store_->ReadEntry(
        key, [&](const Entry& entry) { left = static_cast<std::int64_t>(std::uint64_t{entry.expiry_ms}) - now; })));
    return left;
  }
};

TEST_F(StoreClockTest, AStepMovesPointsAndNoSpans) {
  for (const std::int64_t step : {kHour, -kHour}) {
    SetAfter("span", 100'000, ExpiryKind::kSpan);
    wall_ms += step;
    EXPECT_EQ(LeftOf("span"), 100'000) << step;
    OpenWithClocks();
    EXPECT_EQ(LeftOf("span"), 100'000) << step;
    Pass(100'000);
    EXPECT_EQ(LeftOf("span"), std::nullopt) << step;
  }
  SetAfter("point", 100'000, ExpiryKind::kPoint);
  wall_ms -= kHour;
  EXPECT_EQ(LeftOf("point"), kHour + 100'000);
  wall_ms += 2 * kHour;
  EXPECT_EQ(LeftOf("point"), std::nullopt);
}

TEST_F(StoreClockTest, AStepWhileClosedMovesNoSpans) {
  for (const bool has_index : {true, false}) {
    SetAfter("span", 100'000, ExpiryKind::kSpan);
    store_.reset();
    if (!has_index) std::filesystem::remove(log::IndexPath(directory_.path()));
    Pass(10'000);
    wall_ms += kHour;
    OpenWithClocks();
    EXPECT_EQ(LeftOf("span"), 90'000) << has_index;
    EXPECT_EQ(store_->Stats()->clock_steps, 1U);
  }
}

// Whether the index was saved, or is built from hint files or records, and whenever the clock was set.
TEST_F(StoreClockTest, AStepAtAnyMomentMovesOnlyPoints) {
  enum class From : std::uint8_t { kIndex, kRecords, kHints };
  enum class Moment : std::uint8_t { kBefore, kOpen, kClosed, kAfter };
  for (const From from : {From::kIndex, From::kRecords, From::kHints}) {
    for (const std::int64_t step : {kHour, -kHour}) {
      for (const Moment moment : {Moment::kBefore, Moment::kOpen, Moment::kClosed, Moment::kAfter}) {
        const auto step_at = [&](Moment now) { wall_ms += now == moment ? step : 0; };
        step_at(Moment::kBefore);
        SetAfter("span", 100'000, ExpiryKind::kSpan);
        SetAfter("point", 2 * kHour, ExpiryKind::kPoint);
        step_at(Moment::kOpen);
        for (int i = 0; i < 150 && from == From::kHints; ++i) {
          ASSERT_TRUE(IsOk(store_->Set("filler" + std::to_string(i), std::string(10'000, 'f'))));
        }
        store_.reset();
        if (from != From::kIndex) std::filesystem::remove(log::IndexPath(directory_.path()));
        Pass(10'000);
        step_at(Moment::kClosed);
        OpenWithClocks();
        step_at(Moment::kAfter);
        EXPECT_EQ(store_->open_report().index_was_saved, from == From::kIndex);
        EXPECT_TRUE(from != From::kHints || store_->open_report().segments_from_hints > 0);
        const std::int64_t moved = moment == Moment::kBefore ? 0 : step;
        const auto where = testing::Message()
                           << static_cast<int>(from) << " " << step << " " << static_cast<int>(moment);
        EXPECT_EQ(LeftOf("span"), 90'000) << where;
        EXPECT_EQ(LeftOf("point"), 2 * kHour - 10'000 - moved) << where;
        Pass(90'000);
        EXPECT_EQ(LeftOf("span"), std::nullopt);
      }
    }
  }
}

TEST_F(StoreClockTest, SpansGoOnByTheWallClockAfterABoot) {
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  wall_ms += kHour;
  store_->NowMs();
  OpenWithClocks();
  store_.reset();
  ++boot;
  wall_ms += 10'000;
  steady_ms = 77;
  OpenWithClocks();
  EXPECT_EQ(LeftOf("span"), 90'000);
}

TEST_F(StoreClockTest, UpdatesBatchesAndCompactionKeepTheKind) {
  SetAfter("key", 100'000, ExpiryKind::kSpan);
  ASSERT_TRUE(IsOk(store_->UpdateEntry("key", [](const std::optional<Entry>& current) -> EntryDecision {
    return EntryDecision::Set("other", current->expiry_ms);
  })));
  WriteBatch batch;
  ASSERT_TRUE(IsOk(store_->ReadEntry("key", [&](const Entry& entry) { batch.Set("copy", "1", entry.expiry_ms); })));
  ASSERT_TRUE(IsOk(store_->Write(batch)));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(IsOk(store_->Set("garbage", std::string(10'000, 'x'))));
  ASSERT_TRUE(IsOk(store_->Compact()));
  wall_ms += kHour;
  EXPECT_EQ(LeftOf("key"), 100'000);
  EXPECT_EQ(LeftOf("copy"), 100'000);
  OpenWithClocks();
  EXPECT_EQ(LeftOf("copy"), 100'000);
}

TEST_F(StoreClockTest, TheExpirerFollowsBothClocks) {
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  SetAfter("point", 100'000, ExpiryKind::kPoint);
  wall_ms += kHour;
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 1; }));
  EXPECT_EQ(LeftOf("span"), 100'000);
  wall_ms -= 2 * kHour;
  steady_ms += 101'000;
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->keys == 0; }));
}

TEST_F(StoreClockTest, StepsAreLoggedAndCounted) {
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  wall_ms += kHour;
  store_->NowMs();
  EXPECT_EQ(store_->Stats()->clock_steps, 1U);
  SetAfter("wakes the expirer", 1, ExpiryKind::kSpan);
  EXPECT_TRUE(ComesTrue([&] { return Log().find("the wall clock was set by 3600000 ms") != std::string::npos; }));
}

// The thread that removes expired pairs is held up while it logs.
TEST_F(StoreClockTest, ReadsRemoveExpiredPairsThatWereNotNoted) {
  std::binary_semaphore is_logging{0};
  std::binary_semaphore may_go_on{0};
  options_.log = [&](const std::string& line) {
    if (!line.starts_with("the wall clock was set")) return;
    is_logging.release();
    may_go_on.acquire();
  };
  OpenWithClocks();
  store_->set_expires_actively(false);
  for (int i = 0; i < 2'000; ++i) ASSERT_TRUE(IsOk(store_->Set("key " + std::to_string(i), "value", 1'000)));
  wall_ms += kHour;
  store_->NowMs();
  SetAfter("wakes the expirer", 1, ExpiryKind::kSpan);
  is_logging.acquire();
  EXPECT_EQ(Scan({}).size(), 1U);
  EXPECT_EQ(store_->Stats()->keys, 2'001U);
  may_go_on.release();
  Pass(10);
  EXPECT_TRUE(ComesTrue([&] {
    EXPECT_EQ(Scan({}), Pairs());
    return store_->Stats()->keys == 0;
  }));
  EXPECT_EQ(store_->Stats()->expired, 2'001U);
}

TEST_F(StoreClockTest, ARefusedClockFileIsLoggedOnceAndWrittenLater) {
  const std::filesystem::path path = log::ClockPath(directory_.path());
  std::atomic<bool> is_refused = true;
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path& to) -> Status {
    const bool writes_clock = operation == test::FileOperation::kRename && to == path;
    if (!writes_clock || !is_refused.load(std::memory_order_relaxed)) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .context = "injected"};
  });
  OpenWithClocks(files);
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  EXPECT_TRUE(ComesTrue([&] { return Log().find("clock of spans of time is not saved: ") != std::string::npos; }));
  EXPECT_EQ(LeftOf("span"), 100'000);
  EXPECT_FALSE(std::filesystem::exists(path));
  is_refused.store(false, std::memory_order_relaxed);
  store_.reset();
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST_F(StoreClockTest, WithoutSpansThereIsNoClockFile) {
  const std::filesystem::path path = log::ClockPath(directory_.path());
  SetAfter("point", 100'000, ExpiryKind::kPoint);
  OpenWithClocks();
  store_.reset();
  EXPECT_FALSE(std::filesystem::exists(path));
  OpenWithClocks();
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  EXPECT_TRUE(ComesTrue([&] { return std::filesystem::exists(path); }));
}

TEST_F(StoreClockTest, AForeignClockFileStaysUnchanged) {
  const std::filesystem::path path = log::ClockPath(directory_.path());
  store_.reset();
  ASSERT_TRUE(IsOk(io::PosixFileSystem().WriteFileAtomically(path, "half past nine")));
  OpenWithClocks();
  SetAfter("span", 100'000, ExpiryKind::kSpan);
  OpenWithClocks();
  EXPECT_EQ(LeftOf("span"), 100'000);
  store_.reset();
  EXPECT_EQ(*io::PosixFileSystem().ReadFile(path, 100), "half past nine");
  EXPECT_NE(Log().find("not a clock file"), std::string::npos);
}

}  // namespace
}  // namespace kvs::store
