// Promised: a failed job is tried again after pauses that grow to half a second. A ticket reports only attempts that
// began after it was taken. The log says once that the store is full, and once that it no longer is.
#include "store/space/room_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace kvs::store {
namespace {

using Job = RoomState::Job;
using testing::HasSubstr;

class RoomStateTest : public testing::Test {
 protected:
  void Fail(Job job, int sys_errno = ENOSPC) {
    room_.Begin(job);
    room_.End(job, Error{.code = ErrorCode::kNoSpace, .sys_errno = sys_errno, .context = "take room"}, now_);
  }
  void Succeed(Job job) {
    room_.Begin(job);
    room_.End(job, Ok(), now_);
  }

  RoomState room_;
  RoomState::Clock::time_point now_{};
};

TEST_F(RoomStateTest, PausesGrowToHalfASecondAndEndWithSuccess) {
  for (int pause_ms = 1; pause_ms <= 256; pause_ms *= 2) {
    Fail(Job::kRoom);
    EXPECT_FALSE(room_.MayBegin(Job::kRoom, now_));
    EXPECT_EQ(*room_.RetryAt(Job::kRoom), now_ + std::chrono::milliseconds(pause_ms));
  }
  for (int i = 0; i < 3; ++i) Fail(Job::kRoom);
  EXPECT_EQ(*room_.RetryAt(Job::kRoom), now_ + RoomState::kPauseMax);
  EXPECT_TRUE(room_.MayBegin(Job::kSeal, now_)) << "each job has its own";
  room_.RetryNow();
  EXPECT_TRUE(room_.MayBegin(Job::kRoom, now_));
  Succeed(Job::kRoom);
  EXPECT_FALSE(room_.RetryAt(Job::kRoom));
  Fail(Job::kRoom);
  EXPECT_EQ(*room_.RetryAt(Job::kRoom), now_ + RoomState::kPauseMin);
}

TEST_F(RoomStateTest, ATicketLearnsOnlyOfLaterAttempts) {
  room_.Begin(Job::kRoom);
  const RoomState::Ticket ticket = room_.NextAttempt(Job::kRoom);
  room_.End(Job::kRoom, Error{.code = ErrorCode::kNoSpace}, now_);
  EXPECT_EQ(room_.FailureSince(Job::kRoom, ticket), nullptr);
  Fail(Job::kSeal);
  EXPECT_EQ(room_.FailureSince(Job::kRoom, ticket), nullptr);
  Fail(Job::kRoom, EDQUOT);
  ASSERT_NE(room_.FailureSince(Job::kRoom, ticket), nullptr);
  EXPECT_EQ(room_.FailureSince(Job::kRoom, ticket)->sys_errno, EDQUOT);
}

TEST_F(RoomStateTest, BeginAndEndAreLoggedOnce) {
  for (int i = 0; i < 5; ++i) Fail(Job::kRoom);
  Fail(Job::kCompaction, EMFILE);
  EXPECT_TRUE(room_.is_full());
  Succeed(Job::kRoom);
  EXPECT_TRUE(room_.is_full());
  EXPECT_EQ(room_.cause().sys_errno, EMFILE);
  Succeed(Job::kCompaction);
  EXPECT_FALSE(room_.is_full());
  EXPECT_THAT(room_.TakeNews(), testing::ElementsAre(HasSubstr("full: no space: take room: No space left on device"),
                                                     HasSubstr("go on")));
  EXPECT_FALSE(room_.has_news());
}

}  // namespace
}  // namespace kvs::store
