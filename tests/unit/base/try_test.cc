// Promised: KVS_TRY and KVS_TRY_ASSIGN return the first Error to the caller, whole, and run nothing after it. The test
// counts the statements that ran.
#include "base/try.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace kvs {
namespace {

Status FailIf(bool fails) {
  if (fails) return Error{.code = ErrorCode::kIo, .sys_errno = 5, .context = "the first"};
  return Ok();
}

Result<std::unique_ptr<int>> MakeUnless(bool fails, int value) {
  if (fails) return Error{.code = ErrorCode::kNoSpace, .context = "the second"};
  return std::make_unique<int>(value);
}

struct Plan {
  bool first_fails = false;
  bool second_fails = false;
};

Result<int> RunPlan(const Plan& plan, int* steps) {
  KVS_TRY(FailIf(plan.first_fails));
  ++*steps;
  KVS_TRY_ASSIGN(const std::unique_ptr<int> one, MakeUnless(false, 1));
  KVS_TRY_ASSIGN(const std::unique_ptr<int> two, MakeUnless(plan.second_fails, 2));
  ++*steps;
  return *one + *two;
}

TEST(TryTest, GoesOnWhileAllIsWell) {
  int steps = 0;
  const Result<int> sum = RunPlan({}, &steps);
  ASSERT_TRUE(sum.has_value());
  EXPECT_EQ(*sum, 3);
  EXPECT_EQ(steps, 2);
}

TEST(TryTest, ReturnsTheErrorOfAStatusWhole) {
  int steps = 0;
  const Result<int> sum = RunPlan({.first_fails = true}, &steps);
  ASSERT_FALSE(sum.has_value());
  EXPECT_EQ(sum.error().code, ErrorCode::kIo);
  EXPECT_EQ(sum.error().sys_errno, 5);
  EXPECT_EQ(sum.error().context, "the first");
  EXPECT_EQ(steps, 0);
}

TEST(TryAssignTest, ReturnsTheErrorOfAResultAndBindsNothing) {
  int steps = 0;
  const Result<int> sum = RunPlan({.second_fails = true}, &steps);
  ASSERT_FALSE(sum.has_value());
  EXPECT_EQ(sum.error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(sum.error().context, "the second");
  EXPECT_EQ(steps, 1);
}

}  // namespace
}  // namespace kvs
