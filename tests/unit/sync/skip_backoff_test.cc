// Promised: after each failure SkipBackoff skips twice as many attempts, up to its limit, and a success resets it.
#include "sync/skip_backoff.h"

#include <gtest/gtest.h>

namespace kvs::sync {
namespace {

int Skips(SkipBackoff* backoff) {
  int skips = 0;
  while (backoff->TakeSkip()) ++skips;
  return skips;
}

TEST(SkipBackoffTest, EachFailureDoublesTheSkips) {
  SkipBackoff backoff(8);
  EXPECT_EQ(Skips(&backoff), 0);
  for (const int skips : {1, 2, 4, 8, 8}) {
    backoff.NoteFailure();
    EXPECT_EQ(Skips(&backoff), skips);
  }
}

TEST(SkipBackoffTest, ASuccessBeginsAgainWithOne) {
  SkipBackoff backoff(8);
  for (int i = 0; i < 3; ++i) backoff.NoteFailure();
  EXPECT_EQ(Skips(&backoff), 4);
  backoff.NoteSuccess();
  EXPECT_EQ(Skips(&backoff), 0);
  backoff.NoteFailure();
  EXPECT_EQ(Skips(&backoff), 1);
}

}  // namespace
}  // namespace kvs::sync
