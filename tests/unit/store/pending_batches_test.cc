// Promised: readers see the pending batch from Show() to Hide(), and it lives as long as a reader may look at it.
#include "store/pending_batches.h"

#include <gtest/gtest.h>

namespace kvs::store {
namespace {

TEST(PendingBatchesTest, ABatchIsCurrentFromShowToHide) {
  sync::EpochDomain epochs;
  AppendLock lock;
  PendingBatches batches(epochs);
  const AppendLock::Held held(lock);
  const PendingBatch& made = batches.Make(held, 1);
  EXPECT_EQ(batches.Current(), nullptr);
  batches.Show(held);
  EXPECT_EQ(batches.Current(), &made);
  batches.Hide(held);
  EXPECT_EQ(batches.Current(), nullptr);
  batches.Retire(held);
}

TEST(PendingBatchesTest, APinnedReaderKeepsItsBatch) {
  sync::EpochDomain epochs;
  AppendLock lock;
  PendingBatches batches(epochs);
  const AppendLock::Held held(lock);
  batches.Make(held, 1).Add("key", base::Location(1, 64));
  batches.Show(held);
  const auto guard = epochs.Pin();
  const PendingBatch* const seen = batches.Current();
  batches.Hide(held);
  batches.Retire(held);
  for (int i = 0; i < 1'000; ++i) {
    batches.Make(held, 1);
    batches.Retire(held);
  }
  EXPECT_EQ(seen->Find("key"), base::Location(1, 64));
  EXPECT_EQ(seen->Find("other"), std::nullopt);
}

}  // namespace
}  // namespace kvs::store
