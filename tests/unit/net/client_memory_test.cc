// Promised: the sum of all accounts stays within its limit. A client that would exceed it is refused, or the clients
// with more memory are closed, the greatest first. Figures below a step cost nothing.
#include "net/memory/client_memory.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace kvs::server {
namespace {

constexpr std::size_t kStep = ClientMemory::kStepBytes;

using Account = std::shared_ptr<ClientMemory::Account>;

class ClientMemoryTest : public testing::Test {
 protected:
  Account Open() { return memory_.Open(ClientMemory::kNoSocket); }

  ClientMemory memory_;
};

TEST_F(ClientMemoryTest, SumFollowsTheAccountsInSteps) {
  const Account a = Open();
  a->SetHeld(kStep - 1);
  EXPECT_EQ(memory_.used(), 0U);
  a->Grow(1);
  EXPECT_EQ(memory_.used(), kStep);
  EXPECT_TRUE(a->TrySetMail(3 * kStep + 1));
  EXPECT_EQ(a->bytes(), 4 * kStep);
  EXPECT_EQ(memory_.used(), 4 * kStep);
  a->SetHeld(0);
  a->Close();
  EXPECT_EQ(memory_.used(), 3 * kStep);  // Others may still have the outbox.
  EXPECT_TRUE(a->TrySetMail(0));
  EXPECT_EQ(memory_.used(), 0U);
}

TEST_F(ClientMemoryTest, GreatestClientIsRefused) {
  memory_.set_limit(10 * kStep);
  const Account small = Open();
  const Account great = Open();
  small->Grow(3 * kStep);
  great->Grow(5 * kStep);
  EXPECT_THROW(great->Grow(4 * kStep), base::MemoryRefused);
  EXPECT_EQ(memory_.used(), 8 * kStep);
  EXPECT_FALSE(small->is_evicted() || great->is_evicted());
  great->Grow(2 * kStep);
  EXPECT_EQ(memory_.used(), 10 * kStep);
}

TEST_F(ClientMemoryTest, GreaterClientsAreClosedTheGreatestFirst) {
  std::string told;
  memory_.tell = [&](const std::string& line) { told += line; };
  memory_.set_limit(10 * kStep);
  const Account small = Open();
  const Account middle = Open();
  const Account greatest = Open();
  middle->Grow(4 * kStep);
  greatest->Grow(6 * kStep);
  small->Grow(2 * kStep);
  EXPECT_TRUE(greatest->is_evicted());
  EXPECT_FALSE(middle->is_evicted());
  EXPECT_EQ(memory_.evicted(), 1U);
  EXPECT_EQ(told.substr(0, 16), "closed 1 clients");
  greatest->Close();
  small->Grow(4 * kStep);
  EXPECT_FALSE(middle->is_evicted());
  EXPECT_EQ(memory_.used(), 10 * kStep);
}

TEST_F(ClientMemoryTest, NobodyIsClosedIfThatDoesNotHelp) {
  memory_.set_limit(10 * kStep);
  const Account small = Open();
  const Account other = Open();
  const Account greater = Open();
  small->Grow(4 * kStep);
  other->Grow(4 * kStep);
  greater->Grow(2 * kStep);
  EXPECT_THROW(small->Grow(kStep), base::MemoryRefused);
  EXPECT_THROW(greater->Grow(12 * kStep), base::MemoryRefused);
  EXPECT_FALSE(small->is_evicted() || other->is_evicted() || greater->is_evicted());
}

TEST_F(ClientMemoryTest, AnEvictedClientGetsNoMoreMemory) {
  memory_.set_limit(10 * kStep);
  const Account small = Open();
  const Account great = Open();
  great->Grow(8 * kStep);
  small->Grow(4 * kStep);
  ASSERT_TRUE(great->is_evicted());
  EXPECT_THROW(great->Grow(kStep), base::MemoryRefused);
  EXPECT_FALSE(great->TrySetMail(kStep));
  EXPECT_EQ(memory_.used(), 12 * kStep);
}

TEST_F(ClientMemoryTest, GrowthOverTwiceTheLimitIsRefused) {
  memory_.set_limit(10 * kStep);
  const Account a = Open();
  const Account b = Open();
  const Account c = Open();
  a->Grow(9 * kStep);
  b->Grow(8 * kStep);
  ASSERT_TRUE(a->is_evicted());
  EXPECT_THROW(c->Grow(6 * kStep), base::MemoryRefused);  // `a` has not gone yet.
  a->Close();
  c->Grow(2 * kStep);
}

TEST_F(ClientMemoryTest, LowerLimitClosesTheGreatest) {
  const Account a = Open();
  const Account b = Open();
  const Account c = Open();
  a->Grow(2 * kStep);
  b->Grow(20 * kStep);
  EXPECT_TRUE(c->TrySetMail(10 * kStep));
  memory_.set_limit(12 * kStep);
  EXPECT_TRUE(b->is_evicted());
  EXPECT_FALSE(a->is_evicted() || c->is_evicted());
}

TEST_F(ClientMemoryTest, LoanEndsWithItsCommand) {
  memory_.set_limit(10 * kStep);
  const Account a = Open();
  {
    ClientMemory::Loan loan(a.get());
    loan.Add(4 * kStep);
    loan.Set(9 * kStep);
    EXPECT_EQ(memory_.used(), 9 * kStep);
    loan.Set(2 * kStep);
    EXPECT_EQ(memory_.used(), 2 * kStep);
    EXPECT_THROW(loan.Add(9 * kStep), base::MemoryRefused);
  }
  EXPECT_EQ(memory_.used(), 0U);
}

}  // namespace
}  // namespace kvs::server
