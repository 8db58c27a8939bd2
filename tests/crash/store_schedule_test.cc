// Promised: the background threads never change the files at the wrong moment for a writer. No acknowledged write is
// lost, no removed key comes back, no thread waits forever.
//
// Attack: each test is one schedule that once went wrong, forced by a hook that runs inside a file operation of the
// background thread. Nothing here is random.
#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <string>
#include <thread>

#include "crash/crash_test.h"
#include "log/segment_writer.h"
#include "store/compaction/compaction_plan.h"
#include "store/segments/segment_accounts.h"
#include "store/tail/open_segment.h"
#include "support/faulty_file_system.h"

namespace kvs::test {
namespace {

constexpr std::size_t kKilobyte = 1024;

std::string Bytes(std::size_t bytes) { return std::string(bytes, 'v'); }

bool IsSegment(const std::filesystem::path& path) { return path.extension() == ".seg"; }

class StoreSchedule : public testing::Test {
 protected:
  void Open() {
    auto opened = store::Store::Open(files_, scratch_.path(), SmallStore(SyncPolicy::kNone));
    ASSERT_TRUE(opened) << opened.error().ToString();
    store_ = *std::move(opened);
  }

  void Reopen() {
    store_.reset();
    files_.SetHook(nullptr);
    files_.Heal();
    Open();
  }

  void Set(const std::string& key, std::size_t bytes) {
    const Status status = store_->Set(key, Bytes(bytes));
    ASSERT_TRUE(status) << status.error().ToString();
  }

  bool IsThere(const std::string& key) {
    const auto found = store_->Get(key);
    EXPECT_TRUE(found) << found.error().ToString();
    return found && found->has_value();
  }

  // Until the segment that is prepared ahead is there.
  void WaitForSegments(std::uint64_t segments) {
    while (store_->Stats()->segments < segments) std::this_thread::yield();
  }

  const ScratchDirectory scratch_;
  FaultyFileSystem files_{scratch_.path()};
  std::unique_ptr<store::Store> store_;
};

// The segment that was prepared is too small for a large record, and a larger one is made. Meanwhile a writer comes
// with a small record, for which the prepared segment is large enough.
TEST_F(StoreSchedule, NoWriteGoesToASegmentThatIsBeingReplaced) {
  Open();
  for (int i = 0; i < 19; ++i) Set("fill" + std::to_string(i), 50 * kKilobyte);
  WaitForSegments(2);
  std::future<Status> small;
  std::atomic<bool> is_first{true};
  files_.SetHook([&](const Operation& operation) {
    const bool makes_segment = operation.kind == OperationKind::kCreate && IsSegment(operation.path);
    if (makes_segment && is_first.exchange(false, std::memory_order_relaxed)) {
      small = std::async(std::launch::async, [&] { return store_->Set("small", Bytes(120 * kKilobyte)); });
      small.wait_for(std::chrono::milliseconds(200));  // Its chance to go wrong: it ends now, or after this operation.
    }
    return Ok();
  });
  Set("large", 700 * kKilobyte);
  ASSERT_FALSE(is_first);
  ASSERT_TRUE(small.get());
  Reopen();
  EXPECT_TRUE(IsThere("large"));
  EXPECT_TRUE(IsThere("small"));
}

// The larger segment that a large record needs finds no room: the one that was prepared is still there for others.
TEST_F(StoreSchedule, ASegmentThatCouldNotBeReplacedIsUsed) {
  Open();
  for (int i = 0; i < 19; ++i) Set("fill" + std::to_string(i), 50 * kKilobyte);
  WaitForSegments(2);
  files_.SetHook([](const Operation& operation) -> Status {
    if (operation.kind != OperationKind::kCreate || !IsSegment(operation.path)) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected"};
  });
  const Status refused = store_->Set("large", Bytes(700 * kKilobyte));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace) << TextOf(refused);
  // The first goes to the end of the active segment.
  for (const char* small : {"small 1", "small 2"}) EXPECT_TRUE(ResumesSoon(*store_, small, Bytes(40 * kKilobyte)));
  EXPECT_EQ(store_->Stats()->segments, 2U);
  Reopen();
  EXPECT_TRUE(IsThere("small 2"));
  EXPECT_FALSE(IsThere("large"));
}

// The removal is the first write after compaction was planned, and comes after its key was copied: the copy is dead,
// and only the tombstone keeps it so.
TEST_F(StoreSchedule, ATombstoneOutlivesTheCopyOfItsKey) {
  Open();
  for (int i = 0; i < 12; ++i) Set("keep" + std::to_string(i), 40 * kKilobyte);
  Set("victim", 100);
  Set("twice", 100);
  Set("twice", 100);
  std::filesystem::path output;
  files_.SetHook([&](const Operation& operation) {
    // The mark of the output: that of the log is written through its mapping.
    if (operation.kind == OperationKind::kOverwrite && IsSegment(operation.path) && output.empty()) {
      output = operation.path;
      EXPECT_TRUE(store_->Remove("victim"));
    }
    return Ok();
  });
  ASSERT_TRUE(store_->Compact());
  ASSERT_FALSE(output.empty());
  files_.SetHook(nullptr);
  // Its segment becomes garbage but for the tombstone, and goes first: the output has too little garbage to go with it.
  std::filesystem::path removal;
  for (const auto& entry : std::filesystem::directory_iterator(scratch_.path())) {
    if (IsSegment(entry.path()) && entry.path() != output) removal = entry.path();
  }
  for (int i = 0; i < 2000 && std::filesystem::exists(removal); ++i) Set("churn", 30 * kKilobyte);
  ASSERT_FALSE(std::filesystem::exists(removal));
  ASSERT_FALSE(IsThere("victim"));
  Reopen();
  EXPECT_FALSE(IsThere("victim"));
}

// After a refusal for want of room the background threads wait to be asked again. Compaction, the way out, asks.
TEST_F(StoreSchedule, CompactionAsksAgainAfterAFullDisk) {
  Open();
  Set("key", 1000);
  std::atomic<bool> is_sealing{false};
  files_.SetHook([&](const Operation& operation) -> Status {
    if (operation.kind == OperationKind::kTruncate) is_sealing = true;
    if (!is_sealing || operation.kind != OperationKind::kCreate) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected"};
  });
  const Status refused = store_->Compact();
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().code, ErrorCode::kNoSpace) << refused.error().ToString();
  files_.SetHook(nullptr);
  const Status status = store_->Compact();
  EXPECT_TRUE(status) << TextOf(status);
  EXPECT_TRUE(IsThere("key"));
}

// A tombstone that guards a dead put in the active segment would be copied as it is, again and again, while writers
// wait for room. (Found as a writer that hung forever after some kills.)
TEST_F(StoreSchedule, ASegmentOfNeededTombstonesIsLeftAlone) {
  store::SegmentAccounts accounts;
  const auto add = [&](std::uint64_t id, std::uint64_t created_sequence) {
    const log::SegmentHeader header{.segment_id = id, .base_sequence = 1, .created_sequence = created_sequence};
    auto mapping = io::Mapping::Anonymous(4096);
    return accounts.Add(std::make_shared<log::Segment>(header, *std::move(mapping), 200), 200);
  };
  const std::uint32_t active = add(1, 10);
  accounts.AddDead(active, 50);
  const std::uint32_t tombstones = add(2, 100);
  accounts.AddTombstone(tombstones, 136, 20);
  accounts.Seal(tombstones, accounts[tombstones].segment, 200, 0);
  EXPECT_TRUE(store::PickInputs(accounts, {.copied_bytes_max = 1 << 20}).empty());

  // Once the dead put is in a sealed segment there is something to gain: first it goes, then the tombstone.
  accounts.Seal(active, accounts[active].segment, 2000, 0);
  accounts.AddLive(active, 1900);
  EXPECT_EQ(store::PickInputs(accounts, {.copied_bytes_max = 1 << 20}), std::vector{active});
}

// The kernel reports a failed write-back once; the next sync of the same file would succeed, and mean nothing.
TEST_F(StoreSchedule, ASyncThatFailedIsNeverTriedAgain) {
  const log::SegmentHeader header{.segment_id = 1, .base_sequence = 1, .created_sequence = 1};
  auto writer = log::SegmentWriter::Create(files_, scratch_.path(), header, std::uint64_t{1} << 20);
  ASSERT_TRUE(writer);
  store::OpenSegment segment(*std::move(writer), 0);
  ASSERT_TRUE(segment.writer->Append(log::DraftPut("key", "value"), 1));
  const std::uint64_t used_bytes = segment.writer->used_bytes();
  std::atomic<int> syncs{0};
  files_.SetHook([&](const Operation& operation) -> Status {
    if (operation.kind != OperationKind::kSync || syncs++ > 0) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected"};
  });
  EXPECT_FALSE(segment.Seal());
  EXPECT_EQ(segment.SyncUpTo(used_bytes).error().code, ErrorCode::kIo);
  EXPECT_FALSE(segment.Seal());
  EXPECT_FALSE(segment.MarkSynced());
  EXPECT_EQ(syncs, 1);
}

// Without reserved room a write that is refused may have written a part of its record. The segment is not sealed before
// the process is killed.
TEST_F(StoreSchedule, ARefusedWriteLeavesNothingInTheLog) {
  files_.RefuseToReserve();
  Open();
  Set("first", kKilobyte);
  files_.SetHook([](const Operation& operation) -> Status {
    // As if every write took new room.
    const bool writes = operation.kind == OperationKind::kWrite || operation.kind == OperationKind::kOverwrite;
    if (!writes || !IsSegment(operation.path)) return Ok();
    return Error{.code = ErrorCode::kNoSpace, .sys_errno = ENOSPC, .context = "injected"};
  });
  const Status refused = store_->Set("refused", Bytes(150 * kKilobyte));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace) << TextOf(refused);
  std::atomic<bool> may_seal = false;
  files_.SetHook([&](const Operation& operation) {
    const bool seals = operation.kind == OperationKind::kTruncate && IsSegment(operation.path);
    while (seals && !may_seal.load(std::memory_order_relaxed)) {
      std::this_thread::yield();
    }
    return Ok();
  });
  // The rest of the segment, and on to the next one.
  for (int i = 0; i < 110; ++i) {
    Set("key" + std::to_string(i), 10 * kKilobyte);
    if (i != 50) continue;
    EXPECT_TRUE(store_->Sync());  // Later it would wait for the sealing.
  }
  const ScratchDirectory copy;
  std::filesystem::copy(scratch_.path(), copy.path());
  may_seal = true;
  store_.reset();
  auto opened = store::Store::Open(io::PosixFileSystem(), copy.path(), SmallStore(SyncPolicy::kNone));
  ASSERT_TRUE(opened) << opened.error().ToString();
  EXPECT_EQ((*opened)->Stats()->keys, 111U);
}

}  // namespace
}  // namespace kvs::test
