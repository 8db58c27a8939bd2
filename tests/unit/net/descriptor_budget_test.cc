// Promised: clients leave some descriptors to the store, whatever the limit is. The tests change the limit of this
// process.
#include "net/descriptor_budget.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "io/descriptor_limit.h"

namespace kvs::server {
namespace {

class DescriptorBudgetTest : public testing::Test {
 protected:
  DescriptorBudgetTest() { ::getrlimit(RLIMIT_NOFILE, &before_); }
  ~DescriptorBudgetTest() override { ::setrlimit(RLIMIT_NOFILE, &before_); }
  void SetLimit(rlim_t descriptors) {
    const rlimit limit{.rlim_cur = descriptors, .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }

  rlimit before_{};
};

TEST_F(DescriptorBudgetTest, SetsAsideAQuarterOrSixtyFour) {
  SetLimit(100);
  EXPECT_EQ(DescriptorBudget::SetAside(), 25U);
  SetLimit(1'024);
  EXPECT_EQ(DescriptorBudget::SetAside(), 64U);
}

TEST_F(DescriptorBudgetTest, ClientsGetTheRemainingDescriptors) {
  DescriptorBudget budget;
  budget.CountOpen();
  EXPECT_GE(budget.open_besides(), 3U);
  SetLimit(100);
  EXPECT_EQ(budget.ClientsMax(), 75 - budget.open_besides());
  EXPECT_TRUE(DescriptorBudget::AllowsClient(74));
  EXPECT_FALSE(DescriptorBudget::AllowsClient(75));
  SetLimit(3);
  EXPECT_EQ(budget.ClientsMax(), 1U);
}

TEST_F(DescriptorBudgetTest, TheSoftLimitIsRaisedToTheHardOne) {
  SetLimit(100);
  EXPECT_EQ(io::DescriptorLimit(), 100U);
  EXPECT_GE(io::RaiseDescriptorLimit(), 100U);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  EXPECT_EQ(limit.rlim_cur, before_.rlim_max);
}

}  // namespace
}  // namespace kvs::server
