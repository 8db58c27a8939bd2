// Promised: if the system refuses something for a while, no acknowledged write is lost, and a refused write has no
// effect. When the shortage is over, the store takes writes again by itself.
//
// Attack: three threads set, overwrite, remove and read keys of their own; some of these expire in hours. Meanwhile
// room, descriptors, mappings and allocations are refused at random, and the wall clock is set by minutes. Then nothing
// is refused any more: the store must take writes. It is opened again, and must have what the threads expect.
//
// Replay: KVS_TEST_SEED draws the same refusals, but their moments depend on the machine. KVS_CRASH_ROUNDS multiplies.
#include <array>
#include <atomic>
#include <cerrno>
#include <new>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "base/system_error.h"
#include "crash/crash_test.h"
#include "support/comes_true.h"
#include "support/failing_memory.h"
#include "support/faulty_file_system.h"
#include "support/tally.h"

namespace kvs::test {
namespace {

constexpr std::uint64_t kShortages = 20;  // In one round.
constexpr std::size_t kThreads = 3;
constexpr std::uint64_t kKeys = 150;              // Of each thread.
constexpr std::uint64_t kStepsPerShortage = 200;  // Of all threads together.
constexpr std::uint64_t kHoursMs = std::uint64_t{10} * 3'600'000;

enum class Shortage : std::uint8_t { kNone, kRoom, kDescriptors, kMappings, kMemory, kClockSet };
constexpr std::array kAll = {Shortage::kRoom, Shortage::kDescriptors, Shortage::kMappings, Shortage::kMemory,
                             Shortage::kClockSet};

// What the system refuses now. Read by all threads of the store and the test.
std::atomic<Shortage> now_short = Shortage::kNone;
std::atomic<std::int64_t> clock_is_off_by_ms = 0;

// 0: the system does what is asked.
int ErrnoFor(OperationKind kind, Shortage shortage) {
  const bool takes_room = kind == OperationKind::kCreate || kind == OperationKind::kWrite ||
                          kind == OperationKind::kReserve || kind == OperationKind::kRename;
  if (shortage == Shortage::kRoom && takes_room) return ENOSPC;
  if (shortage == Shortage::kDescriptors && kind == OperationKind::kCreate) return EMFILE;
  if (shortage == Shortage::kMappings && kind == OperationKind::kMap) return ENOMEM;
  return 0;
}

Status RefuseSome(const Operation& operation) {
  thread_local base::Random random(operation.number);
  const int refused = ErrnoFor(operation.kind, now_short.load(std::memory_order_relaxed));
  if (refused == 0 || random.OneIn(4)) return Ok();
  return base::SystemError("refused", operation.path, refused);
}

store::ExpiryClock::Sources ClocksThatAreSet() {
  auto sources = store::ExpiryClock::SystemSources();
  sources.wall = [] {
    return store::ExpiryClock::SystemSources().wall() + clock_is_off_by_ms.load(std::memory_order_relaxed);
  };
  return sources;
}

// One thread of the load, and what it expects of its keys.
class Worker {
 public:
  Worker(store::Store& store, std::size_t number, std::uint64_t seed)
      : store_(store), prefix_("worker" + std::to_string(number) + ":"), random_(seed + number) {}

  void Step() {
    const std::string key = prefix_ + std::to_string(random_.Below(kKeys));
    const std::uint64_t kind = random_.Below(10);
    if (kind < 6) {
      std::string value(random_.Below(random_.OneIn(8) ? 30'000 : 300), static_cast<char>('a' + random_.Below(26)));
      const Expiry expiry = random_.OneIn(4) ? Expiry(store_.NowMs() + kHoursMs, ExpiryKind::kSpan) : kNoExpiry;
      if (IsDone([&] { return store_.Set(key, value, expiry); })) expected_[key] = std::move(value);
    } else if (kind < 8) {
      if (IsDone([&] { return store_.Remove(key); })) expected_.erase(key);
    } else {
      CheckOne(key);
    }
  }

  const Contents& expected() const { return expected_; }
  std::uint64_t refused() const { return refused_; }

 private:
  // False: it was refused.
  template <class Write>
  bool IsDone(Write write) {
    const bool lacks_memory = now_short.load(std::memory_order_relaxed) == Shortage::kMemory && random_.OneIn(3);
    std::optional<FailingMemory> failing;
    if (lacks_memory) failing.emplace(static_cast<int>(random_.Below(20)));
    Status status = Ok();
    try {
      status = write();
    } catch (const std::bad_alloc&) {
      ++refused_;
      return false;
    }
    failing.reset();
    if (status || status.error().code == ErrorCode::kKeyNotFound) return true;
    EXPECT_TRUE(base::IsPassing(status.error())) << status.error().ToString();
    ++refused_;
    return false;
  }

  void CheckOne(const std::string& key) {
    const auto found = store_.Get(key);
    ASSERT_TRUE(found) << found.error().ToString();
    const auto at = expected_.find(key);
    EXPECT_EQ(*found, at == expected_.end() ? std::nullopt : std::optional(at->second)) << key;
  }

  store::Store& store_;
  const std::string prefix_;
  base::Random random_;
  Contents expected_;
  std::uint64_t refused_ = 0;
};

class Refusals : public testing::Test {
 protected:
  ~Refusals() override {
    now_short = Shortage::kNone;
    clock_is_off_by_ms = 0;
  }

  void Open() {
    files_.SetHook(RefuseSome);
    auto opened = store::Store::Open(files_, scratch_.path(), SmallStore(SyncPolicy::kInterval), ClocksThatAreSet());
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *std::move(opened);
  }

  void DrawShortage(base::Random* random) {
    const Shortage shortage = kAll[random->Below(kAll.size())];
    now_short.store(shortage, std::memory_order_relaxed);
    if (shortage != Shortage::kClockSet) return;
    const auto minutes = static_cast<std::int64_t>(random->Below(120)) - 60;
    clock_is_off_by_ms.store(minutes * 60'000, std::memory_order_relaxed);
  }

  void CompactMayBeRefused() {
    const Status status = store_->Compact();
    EXPECT_TRUE(status || base::IsPassing(status.error())) << status.error().ToString();
  }

  const ScratchDirectory scratch_;
  FaultyFileSystem files_{scratch_.path()};
  std::unique_ptr<store::Store> store_;
};

TEST_F(Refusals, CostNothingThatWasAcknowledgedAndPass) {
  base::Random random(TestSeed());
  ASSERT_NO_FATAL_FAILURE(Open());
  std::vector<Worker> workers;
  for (std::size_t i = 0; i < kThreads; ++i) workers.emplace_back(*store_, i, random.Next());
  std::atomic<std::uint64_t> steps = 0;
  std::atomic<bool> is_over = false;
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&] {
      while (!is_over.load(std::memory_order_relaxed) && !testing::Test::HasFailure()) {
        worker.Step();
        steps.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  for (std::uint64_t shortage = 0; shortage < kShortages * Rounds() && !HasFailure(); ++shortage) {
    DrawShortage(&random);
    const std::uint64_t wanted = steps.load(std::memory_order_relaxed) + kStepsPerShortage;
    EXPECT_TRUE(ComesTrue([&] { return HasFailure() || steps.load(std::memory_order_relaxed) >= wanted; }));
    if (random.OneIn(4)) CompactMayBeRefused();
  }
  now_short.store(Shortage::kNone, std::memory_order_relaxed);
  EXPECT_TRUE(HasFailure() || ResumesSoon(*store_, "after", "it"));
  is_over.store(true, std::memory_order_relaxed);
  for (std::thread& thread : threads) thread.join();
  store_.reset();

  Contents expected{{"after", "it"}};
  std::uint64_t refused = 0;
  for (const Worker& worker : workers) {
    expected.insert(worker.expected().begin(), worker.expected().end());
    refused += worker.refused();
  }
  EXPECT_GT(refused, kShortages * Rounds()) << "hardly anything was refused";
  files_.SetHook(nullptr);
  ASSERT_NO_FATAL_FAILURE(Open());
  const auto found = ReadAll(*store_);
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_TRUE(*found == expected) << "KVS_TEST_SEED=" << TestSeed();
  Tally("shortages under load", kShortages * Rounds());
}

}  // namespace
}  // namespace kvs::test
