// Promised: sharers pass together, an exclusive pass is alone, and each pass sees all writes made under the passes
// before it. The counters here are no atomics, so that ThreadSanitizer checks the order as well.
#include "sync/gate.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>
#include <vector>

namespace kvs::sync {
namespace {

TEST(GateTest, SharersPassTogether) {
  Gate gate;
  std::latch inside(2);
  const auto pass = [&] {
    const Gate::Shared shared(gate);
    inside.count_down();
    inside.wait();  // Ends only if both are inside together.
  };
  std::thread other(pass);
  pass();
  other.join();
}

TEST(GateTest, AnExclusivePassIsAlone) {
  Gate gate;
  constexpr int kThreads = 4;
  constexpr int kPasses = 2'000;
  long alone = 0;
  std::vector<long> shared(kThreads, 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPasses; ++i) {
        if (i % 4 == 0) {
          const Gate::Exclusive pass(gate);
          ++alone;
          for (long& count : shared) ++count;
        } else {
          Gate::Shared pass(gate);
          ++shared[static_cast<std::size_t>(t)];
          pass.Leave();
          pass.Enter();
          ++shared[static_cast<std::size_t>(t)];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(alone, kThreads * kPasses / 4);
  for (const long count : shared) EXPECT_EQ(count, alone + 2L * (kPasses - kPasses / 4));
}

TEST(GateTest, LeavingLetsTheOtherIn) {
  Gate gate;
  std::latch entered(1);
  Gate::Shared pass(gate);
  std::thread other([&] {
    const Gate::Exclusive alone(gate);
    entered.count_down();
  });
  pass.Leave();
  entered.wait();
  other.join();
  pass.Enter();
}

}  // namespace
}  // namespace kvs::sync
