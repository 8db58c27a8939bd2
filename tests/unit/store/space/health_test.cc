// Promised: Health keeps the first cause of the poisoning, and every refusal names it.
#include "store/space/health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kvs::store {
namespace {

using testing::HasSubstr;

TEST(HealthTest, AHealthyStoreMayBeWrittenTo) {
  const Health health;
  EXPECT_TRUE(health.Check());
  EXPECT_FALSE(health.is_poisoned());
}

TEST(HealthTest, TheFirstCauseStays) {
  Health health;
  const Error answer = health.Poison({.code = ErrorCode::kIo, .sys_errno = 5, .context = "fdatasync 7.seg"});
  EXPECT_EQ(answer.code, ErrorCode::kPoisoned);
  EXPECT_THAT(answer.context, HasSubstr("fdatasync 7.seg"));
  const Error second = health.Poison({.code = ErrorCode::kCorruption, .context = "something later"});
  EXPECT_THAT(second.context, HasSubstr("fdatasync 7.seg"));
  const Status status = health.Check();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kPoisoned);
  EXPECT_EQ(status.error().sys_errno, 5);
  EXPECT_THAT(status.error().context, HasSubstr("fdatasync 7.seg"));
  EXPECT_TRUE(health.is_poisoned());
}

}  // namespace
}  // namespace kvs::store
