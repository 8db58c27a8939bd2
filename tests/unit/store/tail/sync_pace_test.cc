// Promised: the pace of syncs decides how the room ahead is reserved: coarse for a fast load, fine for small commits.
// It does not switch at every small change.
#include "store/tail/sync_pace.h"

#include <gtest/gtest.h>

namespace kvs::store {
namespace {

TEST(SyncPace, ANewLogBeginsFine) {
  const SyncPace pace;
  EXPECT_EQ(pace.GrainAhead(0), io::Grain::kFine);
  EXPECT_EQ(pace.GrainAhead(SyncPace::kCoarseBytes - 1), io::Grain::kFine);
  EXPECT_FALSE(pace.NeedsFineRoom());
}

TEST(SyncPace, ALogThatIsNotSyncedBecomesCoarse) {
  EXPECT_EQ(SyncPace().GrainAhead(SyncPace::kCoarseBytes), io::Grain::kCoarse);
}

TEST(SyncPace, StaysCoarseRightAfterASyncOfMuch) {
  SyncPace pace;
  pace.NoteSync(SyncPace::kCoarseBytes);
  EXPECT_EQ(pace.GrainAhead(SyncPace::kCoarseBytes + 1), io::Grain::kCoarse);
  pace.NoteSync(SyncPace::kCoarseBytes + 1);
  EXPECT_EQ(pace.GrainAhead(SyncPace::kCoarseBytes + 2), io::Grain::kFine);
}

TEST(SyncPace, ManySmallSyncsNeedFineRoomUntilALargeOne) {
  SyncPace pace;
  std::uint64_t position = SyncPace::kCoarseBytes;
  pace.NoteSync(position);
  for (unsigned i = 1; i < SyncPace::kFineSyncs; ++i) {
    pace.NoteSync(++position);
    EXPECT_FALSE(pace.NeedsFineRoom());
  }
  pace.NoteSync(++position);
  EXPECT_TRUE(pace.NeedsFineRoom());
  position += SyncPace::kFineBytes;
  pace.NoteSync(position);
  EXPECT_FALSE(pace.NeedsFineRoom());
}

}  // namespace
}  // namespace kvs::store
