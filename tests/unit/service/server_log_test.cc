// Promised: lines that clients can cause are written at most once per quiet time and kind. None is forgotten: the next
// line says how many were left out. The tests pass the time.
#include "service/server_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kvs::server {
namespace {

using testing::ElementsAre;

class ServerLogTest : public testing::Test {
 protected:
  const ServerLog::Clock::time_point start_ = ServerLog::Clock::now();
  std::vector<std::string> lines_;
  ServerLog log_{[this](const std::string& line) { lines_.push_back(line); }};
};

TEST_F(ServerLogTest, OneLineOfAKindIsWrittenPerQuietTime) {
  for (int i = 0; i < 1'000; ++i) log_.Note(ServerLog::Kind::kAuthFailed, "no", start_ + std::chrono::milliseconds(i));
  EXPECT_THAT(lines_, ElementsAre("no"));
  log_.Note(ServerLog::Kind::kAuthFailed, "no", start_ + ServerLog::kQuietTime);
  EXPECT_THAT(lines_, ElementsAre("no", "no (and 999 more since the last such line)"));
  log_.Note(ServerLog::Kind::kAuthFailed, "no", start_ + 2 * ServerLog::kQuietTime);
  EXPECT_EQ(lines_.back(), "no");
}

TEST_F(ServerLogTest, KindsDoNotHideEachOther) {
  log_.Note(ServerLog::Kind::kAuthFailed, "a", start_);
  log_.Note(ServerLog::Kind::kClientDropped, "b", start_);
  log_.Write("c");
  log_.Write("c");
  EXPECT_THAT(lines_, ElementsAre("a", "b", "c", "c"));
}

TEST_F(ServerLogTest, WithoutASinkNothingHappens) {
  ServerLog nowhere;
  nowhere.Write("a");
  nowhere.Note(ServerLog::Kind::kAuthFailed, "b");
}

}  // namespace
}  // namespace kvs::server
