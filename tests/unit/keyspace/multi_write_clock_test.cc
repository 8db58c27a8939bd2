// Promised: a reader learns of every write that was under way while it read.
#include "keyspace/multi_write_clock.h"

#include <gtest/gtest.h>

#include <optional>

namespace kvs::server {
namespace {

TEST(MultiWriteClockTest, AReaderBetweenWritesIsUndisturbed) {
  MultiWriteClock clock;
  { const MultiWriteClock::Writing writing(clock); }
  const auto begin = clock.Begin();
  ASSERT_TRUE(begin.has_value());
  EXPECT_TRUE(clock.IsUndisturbed(*begin));
}

TEST(MultiWriteClockTest, AWriteThatIsUnderWayOrHasBegunSinceDisturbs) {
  MultiWriteClock clock;
  const auto before = clock.Begin();
  {
    const MultiWriteClock::Writing writing(clock);
    EXPECT_FALSE(clock.Begin().has_value());
    EXPECT_FALSE(clock.IsUndisturbed(*before));
  }
  EXPECT_FALSE(clock.IsUndisturbed(*before));
  EXPECT_TRUE(clock.Begin().has_value());
}

}  // namespace
}  // namespace kvs::server
