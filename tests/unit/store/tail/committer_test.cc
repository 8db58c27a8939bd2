// The committer over a log that the test fills itself. Promised: a sync covers all writers that wait when it begins. A
// single writer needs no other thread. The synced mark in the file is never far behind the end, and reaches it when the
// log is idle.
#include "store/tail/committer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>
#include <vector>

#include "log/file_names.h"
#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() {
    auto writer = log::SegmentWriter::Create(files_, directory_.path(), {.segment_id = 1}, std::uint64_t{1} << 20);
    EXPECT_TRUE(IsOk(writer));
    syncs_ = 0;
    const AppendLock::Held held(log_.lock);
    const std::uint32_t slot = log_.segments.Add(held, (*writer)->segment(), (*writer)->reserved_bytes());
    log_.tail.Start(held, *std::move(writer), slot, 0);
  }
  ~CommitterTest() override { committer_.Stop(); }

  // Returns the end of the log.
  std::uint64_t Append() {
    const AppendLock::Held held(log_.lock);
    EXPECT_TRUE(IsOk(log_.tail.MakeRoom(held, 100, Purpose::kStore)));
    EXPECT_TRUE(IsOk(log_.tail.Append(held, log::DraftPut("key", "value"))));
    return log_.tail.position(held);
  }

  std::uint64_t MarkInTheFile() const {
    auto segment = log::Segment::Open(io::PosixFileSystem(), directory_.path(), 1);
    EXPECT_TRUE(IsOk(segment));
    return (*segment)->SyncedBytes().value_or(0);
  }

  test::TemporaryDirectory directory_;
  std::atomic<int> syncs_{0};
  std::function<Status()> on_sync_ = [] { return Ok(); };
  test::HookedFileSystem files_{[this](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation != test::FileOperation::kSync) return Ok();
    ++syncs_;
    return on_sync_();
  }};
  KvStoreOptions options_{.sync = SyncPolicy::kAlways, .segment_bytes = std::uint64_t{1} << 20};
  Health health_;
  sync::EpochDomain epochs_;
  LiveLog log_{options_, health_, epochs_};
  Committer committer_{log_, health_, options_};
};

TEST_F(CommitterTest, AWriterAloneSyncsOnItsOwnThread) {
  const std::uint64_t position = Append();  // Nobody else is there: the committer's thread was not started.
  EXPECT_TRUE(IsOk(committer_.WaitUntilSynced(position)));
  EXPECT_EQ(syncs_, 1);
  EXPECT_TRUE(IsOk(committer_.WaitUntilSynced(position)));
  EXPECT_EQ(syncs_, 1) << "what is synced is not synced again";
}

TEST_F(CommitterTest, WritersThatWaitDuringASyncShareTheNext) {
  constexpr std::size_t kWriters = 6;
  ASSERT_TRUE(committer_.Start());
  std::latch is_under_way(1);
  std::latch may_end(1);
  on_sync_ = [&] {
    if (syncs_ == 1) {
      is_under_way.count_down();
      may_end.wait();
    }
    return Ok();
  };
  std::vector<std::thread> writers;
  writers.emplace_back([&] { EXPECT_TRUE(IsOk(committer_.WaitUntilSynced(Append()))); });
  is_under_way.wait();
  for (std::size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([&] { EXPECT_TRUE(IsOk(committer_.WaitUntilSynced(Append()))); });
  }
  while (committer_.waiting() < kWriters) std::this_thread::yield();
  may_end.count_down();
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(syncs_, 2);
}

TEST_F(CommitterTest, AFailedSyncFailsWaitingAndLaterWriters) {
  ASSERT_TRUE(committer_.Start());
  on_sync_ = [] { return Error{.code = ErrorCode::kIo, .context = "injected"}; };
  const std::uint64_t position = Append();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] { EXPECT_TRUE(Fails(committer_.WaitUntilSynced(position), ErrorCode::kPoisoned)); });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(syncs_, 1) << "a sync that failed is never tried again";
}

TEST_F(CommitterTest, TheMarkLagsBySomeSyncsAtMost) {
  std::uint64_t synced = 0;
  for (unsigned i = 0; i < OpenSegment::kMarkSyncsMax; ++i) {
    synced = Append();
    ASSERT_TRUE(IsOk(committer_.WaitUntilSynced(synced)));
  }
  ASSERT_TRUE(IsOk(committer_.WaitUntilSynced(Append())));
  EXPECT_GE(MarkInTheFile(), synced + log::kSegmentHeaderBytes);
}

TEST_F(CommitterTest, TheMarkOfALogAtRestIsAtItsEnd) {
  ASSERT_TRUE(committer_.Start());
  const std::uint64_t synced = Append();
  ASSERT_TRUE(IsOk(committer_.WaitUntilSynced(synced)));
  while (MarkInTheFile() != synced + log::kSegmentHeaderBytes) std::this_thread::yield();
}

TEST_F(CommitterTest, AWaitAfterTheEndIsRefused) {
  ASSERT_TRUE(committer_.Start());
  const std::uint64_t position = Append();
  committer_.Stop();
  EXPECT_TRUE(Fails(committer_.WaitUntilSynced(position), ErrorCode::kPoisoned));
}

}  // namespace
}  // namespace kvs::store
