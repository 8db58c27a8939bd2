// Promised: ForEachInParallel() makes one call for each number, and returns the first error.
#include "sync/parallel.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <new>
#include <vector>

namespace kvs::sync {
namespace {

TEST(ParallelTest, EachNumberIsCalledOnce) {
  for (const std::size_t count : {0U, 1U, 2U, 1000U}) {
    std::vector<std::atomic<int>> calls(count);
    ASSERT_TRUE(ForEachInParallel(count, [&](std::size_t number) {
      calls[number].fetch_add(1, std::memory_order_relaxed);
      return Ok();
    }));
    for (const std::atomic<int>& of_number : calls) EXPECT_EQ(of_number.load(std::memory_order_relaxed), 1);
  }
}

TEST(ParallelTest, AnErrorEndsItAndIsTheAnswer) {
  std::atomic<int> calls = 0;
  const Status status = ForEachInParallel(100'000, [&](std::size_t number) -> Status {
    calls.fetch_add(1, std::memory_order_relaxed);
    if (number >= 3) return Error{.code = ErrorCode::kIo};
    return Ok();
  });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kIo);
  EXPECT_LT(calls.load(std::memory_order_relaxed), 100'000);
}

TEST(ParallelTest, AWantOfMemoryIsAnError) {
  const Status status = ForEachInParallel(10, [](std::size_t) -> Status { throw std::bad_alloc(); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(status.error().sys_errno, ENOMEM);
}

}  // namespace
}  // namespace kvs::sync
