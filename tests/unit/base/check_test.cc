// Promised: a broken invariant ends the process, in every build, and names the condition and its place. The test breaks
// one in a child process and reads its last words.
#include "base/check.h"

#include <gtest/gtest.h>

namespace {

TEST(CheckTest, AConditionThatHoldsCostsNothingAndDoesNothing) {
  int evaluations = 0;
  KVS_CHECK(++evaluations == 1);
  EXPECT_EQ(evaluations, 1);
}

TEST(CheckDeathTest, ABrokenConditionAbortsAndNamesItselfAndItsPlace) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const int segments = 0;
  EXPECT_DEATH(KVS_CHECK(segments > 0), "check_test.cc:[0-9]+: segments > 0 does not hold");
}

}  // namespace
