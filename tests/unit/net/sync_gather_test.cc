// Promised: SyncGather waits for the clients that the last sync has answered, for a part of that sync's time at most.
// It ends the wait when they are back, and waits ever more rarely for clients that stay away. The clock is the test's.
#include "net/sync_gather.h"

#include <gtest/gtest.h>

#include <cstddef>

namespace kvs::server {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using Time = SyncGather::Clock::time_point;

constexpr milliseconds kSync{4};
constexpr Time kNow{std::chrono::seconds(1)};
constexpr auto kLate = kSync / SyncGather::kWaitShare;

void Return(std::size_t clients, SyncGather* gather) {
  for (std::size_t i = 0; i < clients; ++i) gather->NoteReturn(gather->round());
}

TEST(SyncGather, WaitsUntilAllAreBack) {
  SyncGather gather;
  gather.EndRound(3, kSync, kNow);
  EXPECT_TRUE(gather.is_open());
  Return(2, &gather);
  EXPECT_TRUE(gather.IsWaiting(kNow));
  Return(1, &gather);
  EXPECT_FALSE(gather.IsWaiting(kNow));
  EXPECT_FALSE(gather.is_open());
}

TEST(SyncGather, WaitsAPartOfTheSyncAtMost) {
  SyncGather gather;
  gather.EndRound(3, kSync, kNow);
  EXPECT_TRUE(gather.IsWaiting(kNow + kLate - microseconds(1)));
  EXPECT_FALSE(gather.IsWaiting(kNow + kLate));
}

TEST(SyncGather, NeverWaitsLongerThanItsLimit) {
  SyncGather gather;
  gather.EndRound(3, std::chrono::seconds(10), kNow);
  EXPECT_TRUE(gather.IsWaiting(kNow + SyncGather::kWaitMax - microseconds(1)));
  EXPECT_FALSE(gather.IsWaiting(kNow + SyncGather::kWaitMax));
}

TEST(SyncGather, DoesNotWaitWithoutASyncOrForASingleClient) {
  SyncGather gather;
  EXPECT_FALSE(gather.IsWaiting(kNow));
  gather.EndRound(0, {}, kNow);
  EXPECT_FALSE(gather.IsWaiting(kNow));
  gather.EndRound(1, kSync, kNow);
  EXPECT_FALSE(gather.IsWaiting(kNow));
}

TEST(SyncGather, ClientsOfEarlierTurnsDoNotCount) {
  SyncGather gather;
  gather.EndRound(2, kSync, kNow);
  const auto earlier = gather.round();
  gather.EndRound(2, kSync, kNow);
  gather.NoteReturn(earlier);
  gather.NoteReturn(earlier);
  gather.NoteReturn(SyncGather::kNoRound);
  EXPECT_TRUE(gather.IsWaiting(kNow));
}

TEST(SyncGather, ForgetsAWaitWhenATurnWithoutASyncComesFirst) {
  SyncGather gather;
  gather.EndRound(2, kSync, kNow);
  gather.EndRound(0, {}, kNow);
  EXPECT_FALSE(gather.IsWaiting(kNow));
}

// How many of `rounds` rounds, each for four clients of whom `back` come back, are waited for.
int Waits(int rounds, std::size_t back, SyncGather* gather) {
  int waits = 0;
  for (int i = 0; i < rounds; ++i) {
    gather->EndRound(4, kSync, kNow);
    waits += gather->is_open() ? 1 : 0;
    Return(back, gather);
    static_cast<void>(gather->IsWaiting(kNow + kLate));
  }
  return waits;
}

TEST(SyncGather, TheWaitForASilentClientBecomesRarer) {
  SyncGather gather;
  // Waits in the rounds 1, 3, 6, 11, 20, 37, 70, 135, 264, then each 257th.
  EXPECT_EQ(Waits(300, 1, &gather), 9);
  EXPECT_EQ(Waits(2'570, 1, &gather), 10);
}

TEST(SyncGather, AReturningClientIsWaitedForAgain) {
  SyncGather gather;
  EXPECT_EQ(Waits(1'000, 2, &gather), 1'000);
  EXPECT_EQ(Waits(1, 0, &gather), 1);
  EXPECT_EQ(Waits(1, 4, &gather), 0);
  EXPECT_EQ(Waits(10, 4, &gather), 10);
}

}  // namespace
}  // namespace kvs::server
