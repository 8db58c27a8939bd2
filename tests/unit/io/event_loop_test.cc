// Promised: EventLoop returns for a ready socket, for a deadline and for Wake(). It reports an unfinished event again,
// and an event that was asked for once exactly once. All waits here end by themselves.
#include "io/event_loop.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

namespace kvs::io {
namespace {

std::chrono::steady_clock::time_point Now() { return std::chrono::steady_clock::now(); }

class EventLoopTest : public testing::Test {
 protected:
  void SetUp() override {
    const UniqueFd listener = *Listen({.port = 0});
    client_ = *Connect(*LocalAddress(listener.get()), Now() + std::chrono::seconds(20));
    ASSERT_TRUE(WaitReadable(listener.get(), Now() + std::chrono::seconds(20)).has_value());
    server_ = std::move(Accept(listener.get())->socket);
  }

  std::span<const Event> Wait() { return *loop_->Wait(std::nullopt); }
  std::span<const Event> Poll() { return *loop_->Wait(Now()); }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::Create();
  UniqueFd client_, server_;
  int token_ = 0;
};

TEST_F(EventLoopTest, AReadableSocketIsReportedUntilItIsRead) {
  ASSERT_TRUE(loop_->Watch(server_.get(), {.readable = true}, &token_).has_value());
  EXPECT_TRUE(Poll().empty());
  ASSERT_TRUE(Send(client_.get(), "x").has_value());
  for (int i = 0; i < 2; ++i) {
    const auto events = Wait();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0].token, &token_);
    EXPECT_TRUE(events[0].readable);
    EXPECT_FALSE(events[0].writable);
  }
}

TEST_F(EventLoopTest, AnEventAskedForOnceComesOnceUntilAskedForAgain) {
  const Interest once{.readable = true, .once = true};
  ASSERT_TRUE(loop_->Watch(server_.get(), once, &token_).has_value());
  ASSERT_TRUE(Send(client_.get(), "x").has_value());
  EXPECT_EQ(Wait().size(), 1U);
  EXPECT_TRUE(Poll().empty());
  ASSERT_TRUE(loop_->Change(server_.get(), once, &token_).has_value());
  EXPECT_EQ(Wait().size(), 1U);
}

TEST_F(EventLoopTest, AForgottenSocketIsReportedNoMore) {
  ASSERT_TRUE(loop_->Watch(server_.get(), {.writable = true}, &token_).has_value());
  EXPECT_EQ(Wait().size(), 1U);
  ASSERT_TRUE(loop_->Forget(server_.get()).has_value());
  EXPECT_TRUE(Poll().empty());
}

TEST_F(EventLoopTest, AResetSocketIsBothReadableAndWritable) {
  ASSERT_TRUE(Send(server_.get(), "unread").has_value());
  ASSERT_TRUE(WaitReadable(client_.get(), Now() + std::chrono::seconds(20)).has_value());
  ASSERT_TRUE(loop_->Watch(server_.get(), {}, &token_).has_value());
  client_.Close();
  const auto events = Wait();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(events[0].readable && events[0].writable);
}

TEST_F(EventLoopTest, WakeEndsAWaitFromAnotherThread) {
  std::thread waker([&] { loop_->Wake(); });
  EXPECT_TRUE(Wait().empty());
  waker.join();
}

TEST_F(EventLoopTest, AWakeBeforeTheWaitIsNotLost) {
  loop_->Wake();
  loop_->Wake();
  EXPECT_TRUE(Wait().empty());  // Returns.
}

TEST_F(EventLoopTest, ADeadlineEndsAWait) {
  const auto deadline = Now() + std::chrono::milliseconds(5);
  EXPECT_TRUE(loop_->Wait(deadline)->empty());
  EXPECT_GE(Now(), deadline);
}

}  // namespace
}  // namespace kvs::io
