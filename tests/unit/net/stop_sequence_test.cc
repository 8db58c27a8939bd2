// Promised: a loop stops in order. It answers when it is told to stop, and closes its clients after the timeout. The
// clock is the test's.
#include "net/stop_sequence.h"

#include <gtest/gtest.h>

namespace kvs::server {
namespace {

using Step = StopSequence::Step;
using std::chrono::milliseconds;

constexpr io::Deadline kStart{std::chrono::seconds(1)};
constexpr milliseconds kTimeout{100};

TEST(StopSequenceTest, ALoopServesUntilItIsStopped) {
  StopSequence stop(kTimeout);
  EXPECT_EQ(stop.Advance(kStart + std::chrono::hours(1)), Step::kServing);
  stop.Request();
  EXPECT_EQ(stop.step(), Step::kServing);
  EXPECT_EQ(stop.Advance(kStart), Step::kAnswering);
  EXPECT_EQ(stop.deadline(), kStart + kTimeout);
}

TEST(StopSequenceTest, TheTimeoutBeginsWithTheFirstRequest) {
  StopSequence stop(kTimeout);
  stop.Request();
  EXPECT_EQ(stop.Advance(kStart), Step::kAnswering);
  stop.Request();
  EXPECT_EQ(stop.Advance(kStart + kTimeout - milliseconds(1)), Step::kAnswering);
  EXPECT_EQ(stop.Advance(kStart + kTimeout), Step::kClosing);
  EXPECT_EQ(stop.Advance(kStart + 2 * kTimeout), Step::kClosing);
}

TEST(StopSequenceTest, WithoutATimeoutItClosesImmediately) {
  StopSequence stop(milliseconds(0));
  stop.Request();
  EXPECT_EQ(stop.Advance(kStart), Step::kClosing);
}

}  // namespace
}  // namespace kvs::server
