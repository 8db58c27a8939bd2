// Promised: each spawned job runs once, on the threads of the pool. A job that throws costs the pool nothing.
// Destruction runs the remaining jobs and joins. The tests attack each of the three pools alike: many jobs from many
// threads, jobs that spawn jobs, a thousand jobs that throw, and barriers that only as many threads together can pass.
#include "kvs/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <functional>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "sync/mutex.h"

namespace kvs {
namespace {

using testing::HasSubstr;

template <class Pool>
class ThreadPoolTest : public testing::Test {
 protected:
  static std::unique_ptr<Pool> MakePool(unsigned threads) {
    Result<std::unique_ptr<Pool>> pool = Pool::Create(threads);
    if (!pool) throw std::runtime_error(pool.error().ToString());
    return *std::move(pool);
  }
};

using Pools = testing::Types<NaiveThreadPool, SharedQueueThreadPool, WorkStealingThreadPool>;
TYPED_TEST_SUITE(ThreadPoolTest, Pools);

TYPED_TEST(ThreadPoolTest, RunsEveryJobOnce) {
  constexpr int kJobs = 1'000;
  std::vector<std::atomic<int>> runs(kJobs);
  std::latch all_ran(kJobs);
  const auto pool = this->MakePool(4);
  for (int i = 0; i < kJobs; ++i) {
    pool->Spawn([&runs, &all_ran, i] {
      runs[static_cast<std::size_t>(i)].fetch_add(1, std::memory_order_relaxed);
      all_ran.count_down();
    });
  }
  all_ran.wait();
  for (const std::atomic<int>& count : runs) EXPECT_EQ(count.load(std::memory_order_relaxed), 1);
  EXPECT_EQ(pool->failed_jobs(), 0u);
}

TYPED_TEST(ThreadPoolTest, TakesJobsFromManyThreadsTogether) {
  constexpr int kSpawners = 4;
  constexpr int kJobs = 500;
  int runs = 0;
  sync::Mutex mutex;
  {
    const auto pool = this->MakePool(3);
    std::vector<std::jthread> spawners;
    for (int i = 0; i < kSpawners; ++i) {
      spawners.emplace_back([&] {
        for (int j = 0; j < kJobs; ++j) {
          pool->Spawn([&] {
            const sync::MutexLock lock(mutex);
            ++runs;
          });
        }
      });
    }
  }
  EXPECT_EQ(runs, kSpawners * kJobs);
}

// A job reads data that was written before its spawn, without any lock. Under ThreadSanitizer this proves the
// hand-over.
TYPED_TEST(ThreadPoolTest, SpawnAndDestructionOrderTheMemoryOfAJob) {
  constexpr std::size_t kJobs = 300;
  std::vector<int> input(kJobs);
  std::vector<int> output(kJobs);
  {
    const auto pool = this->MakePool(4);
    for (std::size_t i = 0; i < kJobs; ++i) {
      input[i] = static_cast<int>(i);
      pool->Spawn([&input, &output, i] { output[i] = input[i] + 1; });
    }
  }
  for (std::size_t i = 0; i < kJobs; ++i) EXPECT_EQ(output[i], static_cast<int>(i) + 1);
}

TYPED_TEST(ThreadPoolTest, RunsAsManyJobsTogetherAsItHasThreads) {
  constexpr int kThreads = 7;
  std::barrier everyone(kThreads + 1);
  const auto pool = this->MakePool(kThreads);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < kThreads; ++i) pool->Spawn([&everyone] { everyone.arrive_and_wait(); });
    everyone.arrive_and_wait();
  }
}

TYPED_TEST(ThreadPoolTest, KeepsAllItsThreadsAfterAThousandJobsThatThrow) {
  constexpr int kThreads = 4;
  constexpr int kFailures = 1'000;
  std::barrier everyone(kThreads + 1);  // Outlives the pool, whose threads may be on their way out of it for a while.
  const auto pool = this->MakePool(kThreads);
  testing::internal::CaptureStderr();
  std::latch all_threw(kFailures);
  for (int i = 0; i < kFailures; ++i) {
    pool->Spawn([&all_threw, i] {
      all_threw.count_down();
      if (i % 2 == 0) throw std::runtime_error("the disk fell off");
      throw i;
    });
  }
  all_threw.wait();

  for (int i = 0; i < kThreads; ++i) pool->Spawn([&everyone] { everyone.arrive_and_wait(); });
  everyone.arrive_and_wait();  // Passed only if kThreads threads are left to meet here.
  while (pool->failed_jobs() < kFailures) std::this_thread::yield();  // A naive thread may be on its way out still.
  EXPECT_EQ(pool->failed_jobs(), static_cast<std::uint64_t>(kFailures));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("the disk fell off"));
}

TYPED_TEST(ThreadPoolTest, AJobMaySpawnJobs) {
  constexpr int kDepth = 8;
  std::latch leaves(1 << kDepth);
  const auto pool = this->MakePool(3);
  std::function<void(int)> grow = [&](int depth) {
    if (depth == kDepth) return leaves.count_down();
    pool->Spawn([&grow, depth] { grow(depth + 1); });
    pool->Spawn([&grow, depth] { grow(depth + 1); });
  };
  pool->Spawn([&grow] { grow(0); });
  leaves.wait();
}

TYPED_TEST(ThreadPoolTest, APoolOfOneRunsTheJobsOfItsJobs) {
  std::latch chain(100);
  const auto pool = this->MakePool(1);
  std::function<void(int)> link = [&](int left) {
    chain.count_down();
    if (left > 1) pool->Spawn([&link, left] { link(left - 1); });
  };
  pool->Spawn([&link] { link(100); });
  chain.wait();
}

TYPED_TEST(ThreadPoolTest, DestructionRunsAllSpawnedJobs) {
  std::atomic<int> runs{0};
  for (int round = 0; round < 50; ++round) {
    const auto pool = this->MakePool(2);
    for (int i = 0; i < 20; ++i) pool->Spawn([&runs] { runs.fetch_add(1, std::memory_order_relaxed); });
  }
  EXPECT_EQ(runs.load(std::memory_order_relaxed), 50 * 20);
}

// The jobs of other spawning threads may come after the workers were told to end. None may be lost, and no worker
// may leave while jobs are left that wait for each other.
TYPED_TEST(ThreadPoolTest, DestructionKeepsAllThreadsUntilTheLastJob) {
  constexpr int kThreads = 4;
  for (int round = 0; round < 50; ++round) {
    std::barrier everyone(kThreads);
    const auto pool = this->MakePool(kThreads);
    std::vector<std::jthread> spawners;
    for (int i = 0; i < kThreads; ++i) {
      spawners.emplace_back([&] { pool->Spawn([&everyone] { everyone.arrive_and_wait(); }); });
    }
  }
}

TYPED_TEST(ThreadPoolTest, AJobsCapturesEndWithIt) {
  const auto pool = this->MakePool(2);
  std::weak_ptr<int> observer;
  {
    const auto passing = std::make_shared<int>(8);
    observer = passing;
    pool->Spawn([passing] {});
  }
  while (!observer.expired()) std::this_thread::yield();
}

TYPED_TEST(ThreadPoolTest, RefusesNoThreadsAndTooMany) {
  EXPECT_EQ(TypeParam::Create(0).error().code, ErrorCode::kInvalidArgument);
  const Error error = TypeParam::Create(1'025).error();
  EXPECT_EQ(error.code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.ToString(), HasSubstr("1025"));
}

TYPED_TEST(ThreadPoolTest, TwoPoolsDoNotTakeEachOthersThreads) {
  const auto first = this->MakePool(3);
  const auto second = this->MakePool(5);
  std::barrier everyone(3 + 5 + 1);
  for (int i = 0; i < 3; ++i) first->Spawn([&everyone] { everyone.arrive_and_wait(); });
  for (int i = 0; i < 5; ++i) second->Spawn([&everyone] { everyone.arrive_and_wait(); });
  everyone.arrive_and_wait();
}

TEST(WorkStealingThreadPoolTest, AJobSpawnedInAnotherPoolRunsThere) {
  Result<std::unique_ptr<WorkStealingThreadPool>> first = WorkStealingThreadPool::Create(1);
  Result<std::unique_ptr<WorkStealingThreadPool>> second = WorkStealingThreadPool::Create(1);
  ASSERT_TRUE(first && second);
  std::thread::id first_thread;
  std::thread::id second_thread;
  std::latch done(1);
  (*first)->Spawn([&] {
    first_thread = std::this_thread::get_id();
    (*second)->Spawn([&] {
      second_thread = std::this_thread::get_id();
      done.count_down();
    });
  });
  done.wait();
  EXPECT_NE(first_thread, second_thread);
}

TEST(WorkStealingThreadPoolTest, UsesExactlyTheThreadsItWasAskedFor) {
  for (const unsigned threads : {1u, 2u, 5u}) {
    std::set<std::thread::id> seen;
    sync::Mutex mutex;
    {
      Result<std::unique_ptr<WorkStealingThreadPool>> pool = WorkStealingThreadPool::Create(threads);
      ASSERT_TRUE(pool);
      for (int i = 0; i < 5'000; ++i) {
        (*pool)->Spawn([&] {
          const sync::MutexLock lock(mutex);
          seen.insert(std::this_thread::get_id());
        });
      }
    }
    EXPECT_LE(seen.size(), threads);
  }
}

}  // namespace
}  // namespace kvs
