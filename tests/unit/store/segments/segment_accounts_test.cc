// Promised: the totals are the sums over the accounts after any opening, sealing, closing, and any move between live
// and dead. A slot is given out again only after it was freed.
#include "store/segments/segment_accounts.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "support/test_seed.h"
#include "unit/store/segments_of_nothing.h"

namespace kvs::store {
namespace {

// The expected totals.
SegmentAccounts::Totals SumOf(const SegmentAccounts& accounts) {
  SegmentAccounts::Totals sum;
  for (const SegmentAccount& account : accounts.accounts()) {
    if (account.segment == nullptr) continue;
    sum.segments += 1;
    sum.disk_bytes += account.disk_bytes();
    sum.live_bytes += account.live_bytes;
    if (!account.is_sealed) continue;
    sum.sealed_disk_bytes += account.disk_bytes();
    sum.sealed_live_bytes += account.live_bytes;
  }
  return sum;
}

void ExpectTotalsToBeSums(const SegmentAccounts& accounts) {
  const SegmentAccounts::Totals sum = SumOf(accounts);
  const SegmentAccounts::Totals& totals = accounts.totals();
  EXPECT_EQ(totals.segments, sum.segments);
  EXPECT_EQ(totals.disk_bytes, sum.disk_bytes);
  EXPECT_EQ(totals.live_bytes, sum.live_bytes);
  EXPECT_EQ(totals.sealed_disk_bytes, sum.sealed_disk_bytes);
  EXPECT_EQ(totals.sealed_live_bytes, sum.sealed_live_bytes);
}

TEST(SegmentAccountsTest, AClosedSlotIsGivenOutAgainOnlyWhenItWasFreed) {
  SegmentAccounts accounts;
  const std::uint32_t first = accounts.Add(SegmentMadeAt(1), 100);
  EXPECT_NE(accounts.Close(first), nullptr);
  const std::uint32_t second = accounts.Add(SegmentMadeAt(2), 100);
  EXPECT_NE(second, first);
  accounts.FreeSlot(first);
  EXPECT_EQ(accounts.Add(SegmentMadeAt(3), 100), first);
}

TEST(SegmentAccountsTest, SealingCountsTheSealedFileAndItsHint) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 4096);
  accounts.SetFileBytes(slot, 8192);
  accounts.AddLive(slot, 3000);
  EXPECT_EQ(accounts.totals().disk_bytes, 8192U);
  EXPECT_EQ(accounts.totals().sealed_disk_bytes, 0U);
  accounts.Seal(slot, SegmentMadeAt(1), 5000, 70);
  EXPECT_EQ(accounts.totals().disk_bytes, 5070U);
  EXPECT_EQ(accounts.totals().sealed_disk_bytes, 5070U);
  EXPECT_EQ(accounts.totals().sealed_live_bytes, 3000U);
}

TEST(SegmentAccountsTest, TheNewestTombstoneIsTheOneWithTheHighestSequence) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 4096);
  accounts.AddTombstone(slot, 20, 9);
  accounts.AddTombstone(slot, 30, 4);
  EXPECT_EQ(accounts[slot].newest_tombstone, 9U);
  EXPECT_EQ(accounts[slot].tombstone_bytes, 50U);
}

TEST(SegmentAccountsTest, MoreThanAllThatLivesCannotDie) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 4096);
  accounts.AddLive(slot, 100);
  accounts.LiveToDead(slot, 1'000);
  EXPECT_EQ(accounts[slot].live_bytes, 0U);
  EXPECT_EQ(accounts[slot].dead_bytes, 100U);
  ExpectTotalsToBeSums(accounts);
}

TEST(SegmentAccountsTest, TheTotalsAreTheSumsOverTheAccounts) {
  const std::uint64_t seed = test::TestSeed(20'261'121);
  SCOPED_TRACE(test::SeedTrace(seed));
  base::Random random(seed);
  SegmentAccounts accounts;
  for (int i = 0; i < 20'000; ++i) {
    const auto slot = static_cast<std::uint32_t>(random.Below(20));
    const bool is_open = slot < accounts.accounts().size() && accounts[slot].segment != nullptr;
    switch (random.Below(6)) {
      case 0:
        if (accounts.totals().segments < 20) accounts.Add(SegmentMadeAt(1), random.Below(10'000));
        break;
      case 1:
        if (is_open && random.OneIn(4)) {
          static_cast<void>(accounts.Close(slot));
          accounts.FreeSlot(slot);
        }
        break;
      case 2:
        if (is_open && !accounts[slot].is_sealed) accounts.SetFileBytes(slot, random.Below(10'000));
        break;
      case 3:
        if (is_open && !accounts[slot].is_sealed) accounts.Seal(slot, SegmentMadeAt(1), random.Below(10'000), 50);
        break;
      case 4:
        if (is_open) accounts.AddLive(slot, random.Below(1'000));
        break;
      default:
        if (is_open) accounts.LiveToDead(slot, random.Below(accounts[slot].live_bytes + 1));
    }
  }
  ExpectTotalsToBeSums(accounts);
}

TEST(SegmentAccountsTest, AReservedSlotIsKeptForItsSegment) {
  SegmentAccounts accounts;
  accounts.Reserve(2);
  accounts.Reserve(0);
  EXPECT_EQ(accounts.Add(SegmentMadeAt(1), 10), 1U);
  EXPECT_EQ(accounts.Add(SegmentMadeAt(2), 20), 3U);
  accounts.AddAt(0, SegmentMadeAt(3), 30);
  accounts.AddAt(2, SegmentMadeAt(4), 40);
  EXPECT_EQ(accounts[2].file_bytes, 40U);
  EXPECT_EQ(accounts.totals().disk_bytes, 100U);
  EXPECT_EQ(accounts.Add(SegmentMadeAt(5), 50), 4U);
}

TEST(SegmentAccountsTest, DeadRecordsOfANewSegmentAreKnown) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 100);
  accounts.ListDeaths(slot);
  ASSERT_TRUE(accounts[slot].dead_offsets);
  EXPECT_TRUE(accounts[slot].dead_offsets->empty());
  accounts.AddLive(slot, 30);
  accounts.LiveToDead(base::Location(slot, 94), 30);
  accounts.AddDead(base::Location(slot, 64), 30);
  EXPECT_EQ(*accounts[slot].dead_offsets, (std::vector<std::uint32_t>{94, 64}));
  EXPECT_EQ(accounts[slot].dead_bytes, 60U);
  EXPECT_EQ(accounts[slot].live_bytes, 0U);
  ExpectTotalsToBeSums(accounts);
}

TEST(SegmentAccountsTest, DeadRecordsOfAnEarlierSegmentAreUnknown) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 100);
  accounts.AddLive(slot, 50);
  accounts.LiveToDead(base::Location(slot, 64), 50);
  EXPECT_FALSE(accounts[slot].dead_offsets);
}

TEST(SegmentAccountsTest, ADeathIsNotCountedForTheNextSegmentOfTheSlot) {
  SegmentAccounts accounts;
  const std::uint32_t slot = accounts.Add(SegmentMadeAt(1), 0);
  accounts.ListDeaths(slot);
  accounts.AddLive(slot, 50);
  accounts.LiveToDead(base::Location(slot, 64), 50);
  static_cast<void>(accounts.Close(slot));
  accounts.FreeSlot(slot);
  ASSERT_EQ(accounts.Add(SegmentMadeAt(2), 0), slot);
  EXPECT_FALSE(accounts[slot].dead_offsets);
  accounts.ListDeaths(slot);
  EXPECT_TRUE(accounts[slot].dead_offsets->empty());
}

}  // namespace
}  // namespace kvs::store
