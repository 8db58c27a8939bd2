// Promised: for each key of a batch, PendingBatch answers with the key's location before the batch, and only for those
// keys.
#include "store/pending_batch.h"

#include <gtest/gtest.h>

namespace kvs::store {
namespace {

TEST(PendingBatchTest, KnowsTheKeysOfTheBatchAndNoOthers) {
  PendingBatch batch(3);
  batch.Add("was there", base::Location(1, 64));
  batch.Add("was not", base::Location());
  batch.Add("", base::Location(2, 64));
  EXPECT_EQ(batch.Find("was there"), base::Location(1, 64));
  ASSERT_TRUE(batch.Find("was not"));
  EXPECT_TRUE(batch.Find("was not")->is_none());
  EXPECT_EQ(batch.Find(""), base::Location(2, 64));
  EXPECT_FALSE(batch.Find("was"));
}

TEST(PendingBatchTest, ARepeatedKeyKeepsItsFirstLocation) {
  PendingBatch batch(2);
  batch.Add("key", base::Location(1, 64));
  batch.Add("key", base::Location(7, 1'000));
  EXPECT_EQ(batch.Find("key"), base::Location(1, 64));
}

}  // namespace
}  // namespace kvs::store
