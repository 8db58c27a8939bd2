// LiveLog without the threads that work for it: the test plays the maintainer, so that each moment can be chosen.
// Promised: a writer that waits for room is woken by any event that decides its case. A segment is sealed only while no
// thread works on its file.
#include "store/tail/live_log.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "log/file_names.h"
#include "support/hooked_file_system.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

class LiveLogTest : public testing::Test {
 protected:
  void Start(io::FileSystem& files, std::uint64_t capacity_bytes = std::uint64_t{1} << 20) {
    files_ = &files;
    capacity_bytes_ = capacity_bytes;
    auto writer = NewWriter();
    const AppendLock::Held held(log_.lock);
    const std::uint32_t slot = log_.segments.Add(held, writer->segment(), writer->reserved_bytes());
    log_.tail.Start(held, std::move(writer), slot, 0);
  }

  std::unique_ptr<log::SegmentWriter> NewWriter() {
    auto writer = log::SegmentWriter::Create(*files_, directory_.path(), {.segment_id = next_id_++}, capacity_bytes_);
    EXPECT_TRUE(IsOk(writer));
    return *std::move(writer);
  }

  Status Append(const std::string& key, std::size_t value_bytes, Purpose purpose = Purpose::kStore) {
    const std::string value(value_bytes, 'v');
    const AppendLock::Held held(log_.lock);
    if (Status status = log_.tail.MakeRoom(held, log::kRecordHeaderBytesMax + key.size() + value_bytes, purpose);
        !status) {
      return status;
    }
    const auto location = log_.tail.Append(held, log::DraftPut(key, value));
    if (!location) return location.error();
    log_.segments.accounts(held).AddLive(location->slot(), value_bytes);
    return Ok();
  }

  // Fills the active segment until it asks for more room ahead.
  LogTail::Work AppendUntilExtensionIsAskedFor() {
    while (true) {
      EXPECT_TRUE(IsOk(Append("key", 1'000)));
      const AppendLock::Held held(log_.lock);
      if (const auto work = log_.tail.TakeRoomWork(held)) return *work;
    }
  }

  std::size_t UnsyncedSegments() {
    const AppendLock::Held held(log_.lock);
    return log_.tail.UnsyncedSegments(held).parts.size();
  }

  void GiveNext() {
    auto next = NewWriter();
    const AppendLock::Held held(log_.lock);
    log_.tail.FinishNext(held, std::move(next), nullptr);
  }

  bool HasAskedForNext() {
    const AppendLock::Held held(log_.lock);
    return log_.tail.wants_next(held);
  }

  // Returns once another thread waits for room, which it says by asking for it.
  LogTail::Work WaitForRoomWork() {
    while (true) {
      {
        const AppendLock::Held held(log_.lock);
        if (const auto work = log_.tail.TakeRoomWork(held)) return *work;
      }
      std::this_thread::yield();
    }
  }

  LogTail::Work WaitForSealWork() {
    while (true) {
      {
        const AppendLock::Held held(log_.lock);
        if (const auto work = log_.tail.TakeSealWork(held)) return *work;
      }
      std::this_thread::yield();
    }
  }

  // As the maintainer ends an attempt.
  void EndWork(RoomState::Job job, const Status& status) {
    const AppendLock::Held held(log_.lock);
    log_.tail.EndWork(held, job, status);
  }
  static Error NoSpace(int sys_errno = ENOSPC) { return {.code = ErrorCode::kNoSpace, .sys_errno = sys_errno}; }

  // The answer to a record of that size while the maintainer finds no room, after any earlier attempts.
  Status AppendWithoutRoom(const std::string& key, std::size_t value_bytes, Purpose purpose = Purpose::kStore) {
    Status status = Ok();
    std::atomic<bool> is_done = false;
    std::thread appends([&] {
      status = Append(key, value_bytes, purpose);
      is_done.store(true, std::memory_order_release);  // D1
    });
    while (!is_done.load(std::memory_order_acquire)) {  // D1
      {
        const AppendLock::Held held(log_.lock);
        if (log_.tail.TakeRoomWork(held)) log_.tail.EndWork(held, RoomState::Job::kRoom, NoSpace());
      }
      std::this_thread::yield();
    }
    appends.join();
    return status;
  }

  Status SealActive() {
    const AppendLock::Held held(log_.lock);
    return log_.tail.SealActive(held);
  }

  test::TemporaryDirectory directory_;
  io::FileSystem* files_ = nullptr;
  std::uint64_t capacity_bytes_ = 0;
  std::uint64_t next_id_ = 1;
  KvStoreOptions options_{.segment_bytes = std::uint64_t{1} << 20};
  Health health_;
  sync::EpochDomain epochs_;
  LiveLog log_{options_, health_, epochs_};
};

TEST_F(LiveLogTest, ASegmentIsNotSealedWhileItIsExtended) {
  Start(io::PosixFileSystem());
  const LogTail::Work extension = AppendUntilExtensionIsAskedFor();
  ASSERT_EQ(extension.kind, LogTail::Work::Kind::kExtend);
  GiveNext();
  std::thread seal([&] { EXPECT_TRUE(IsOk(SealActive())); });
  while (UnsyncedSegments() != 2) std::this_thread::yield();  // Until the log has gone over to the next segment.
  {
    const AppendLock::Held held(log_.lock);
    EXPECT_FALSE(log_.tail.TakeSealWork(held));
    log_.tail.FinishExtend(held, extension, extension.segment->writer->Extend(extension.bytes, extension.grain));
    log_.tail.EndWork(held, RoomState::Job::kRoom, Ok());
  }
  const LogTail::Work sealing = WaitForSealWork();
  EXPECT_EQ(sealing.segment, extension.segment);
  const auto sealed = sealing.segment->Seal();
  ASSERT_TRUE(IsOk(sealed));
  {
    const AppendLock::Held held(log_.lock);
    log_.tail.FinishSeal(held, *sealed, 0);
  }
  seal.join();
  EXPECT_EQ(std::filesystem::file_size(log::SegmentPath(directory_.path(), 1)), (*sealed)->readable_bytes());
}

TEST_F(LiveLogTest, AFailedAppendWakesTheWritersThatWaitForRoom) {
  std::atomic<bool> is_broken{false};
  test::HookedFileSystem files([&](test::FileOperation operation, const std::filesystem::path&) -> Status {
    if (operation == test::FileOperation::kReserve) return Error{.code = ErrorCode::kUnsupported};
    if (operation == test::FileOperation::kWrite && is_broken) return Error{.code = ErrorCode::kIo};
    return Ok();
  });
  Start(files);
  std::thread waits([&] { EXPECT_TRUE(Fails(Append("large", std::size_t{2} << 20), ErrorCode::kPoisoned)); });
  static_cast<void>(WaitForRoomWork());
  is_broken = true;
  EXPECT_TRUE(Fails(Append("small", 10), ErrorCode::kPoisoned));
  waits.join();
}

TEST_F(LiveLogTest, StoppingWakesTheWritersThatWaitForRoom) {
  Start(io::PosixFileSystem());
  std::thread waits([&] { EXPECT_TRUE(Fails(Append("large", std::size_t{2} << 20), ErrorCode::kPoisoned)); });
  static_cast<void>(WaitForRoomWork());
  {
    const AppendLock::Held held(log_.lock);
    log_.space.Stop(held);
  }
  waits.join();
}

TEST_F(LiveLogTest, WantOfRoomFailsTheWritersThatWaitForIt) {
  Start(io::PosixFileSystem());
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(Fails(AppendWithoutRoom("large", std::size_t{2} << 20), ErrorCode::kNoSpace));
    static_cast<void>(WaitForRoomWork());  // It is tried again though nobody asks.
    EndWork(RoomState::Job::kRoom, Ok());
  }
  EXPECT_TRUE(IsOk(Append("small", 10)));
}

TEST_F(LiveLogTest, AWriterLearnsHowItsOwnAttemptEnded) {
  Start(io::PosixFileSystem());
  static_cast<void>(AppendUntilExtensionIsAskedFor());  // This attempt began before the writer asks.
  Status status = Ok();
  std::thread waits([&] { status = Append("large", std::size_t{2} << 20); });
  while (!HasAskedForNext()) std::this_thread::yield();
  EndWork(RoomState::Job::kRoom, NoSpace(EMFILE));
  LogTail::Work work = WaitForRoomWork();
  while (work.bytes < (std::uint64_t{2} << 20)) {  // Failed work is tried again first.
    if (work.kind == LogTail::Work::Kind::kExtend) {
      const AppendLock::Held held(log_.lock);
      log_.tail.FinishExtend(held, work, work.segment->writer->Extend(work.bytes, work.grain));
    }
    EndWork(RoomState::Job::kRoom, Ok());
    work = WaitForRoomWork();
  }
  EndWork(RoomState::Job::kRoom, NoSpace(EDQUOT));
  waits.join();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().sys_errno, EDQUOT) << "not what an older attempt met";
}

TEST_F(LiveLogTest, AFullStoreRefusesImmediatelyUntilItTriesAgain) {
  Start(io::PosixFileSystem());
  for (int i = 0; i < 10; ++i) {
    const AppendLock::Held held(log_.lock);
    log_.tail.EndWork(held, RoomState::Job::kRoom, NoSpace());
  }
  const auto begin = RoomState::Clock::now();
  EXPECT_TRUE(Fails(Append("large", std::size_t{2} << 20), ErrorCode::kNoSpace)) << "nobody plays the maintainer here";
  EXPECT_LT(RoomState::Clock::now() - begin, RoomState::kPauseMax);
}

TEST_F(LiveLogTest, RoomOfTheReserveIsForRemovalsAlone) {
  Start(io::PosixFileSystem(), log::SegmentWriter::kFirstStepBytes * 2);
  const AppendLock::Held held(log_.lock);
  log_.space.NoteNothingToGain(held, Gain::kAny);
  log_.tail.NoteReserve(held, ReserveState::kGivenUp);
  const LogTail::Work work{LogTail::Work::Kind::kExtend, log_.tail.active(held),
                           log::SegmentWriter::kFirstStepBytes * 2, 0};
  log_.tail.FinishExtend(held, work, work.segment->writer->Extend(work.bytes, work.grain));
  const std::uint64_t bytes = log::SegmentWriter::kFirstStepBytes;
  EXPECT_TRUE(IsOk(log_.tail.MakeRoom(held, bytes, Purpose::kRemove)));
  for (int i = 0; i < 10; ++i) log_.tail.EndWork(held, RoomState::Job::kRoom, NoSpace());
  EXPECT_TRUE(Fails(log_.tail.MakeRoom(held, bytes, Purpose::kStore), ErrorCode::kNoSpace));
  log_.tail.NoteReserve(held, ReserveState::kHeld);
  EXPECT_TRUE(IsOk(log_.tail.MakeRoom(held, bytes, Purpose::kStore)));
}

TEST_F(LiveLogTest, AFailedSealIsTriedAgainOnDemand) {
  Start(io::PosixFileSystem());
  ASSERT_TRUE(IsOk(Append("key", 10)));
  GiveNext();
  std::thread fails([&] { EXPECT_TRUE(Fails(SealActive(), ErrorCode::kNoSpace)); });
  static_cast<void>(WaitForSealWork());
  {
    const AppendLock::Held held(log_.lock);
    log_.tail.EndWork(held, RoomState::Job::kSeal, NoSpace());
  }
  fails.join();
  std::thread succeeds([&] { EXPECT_TRUE(IsOk(SealActive())); });
  const LogTail::Work again = WaitForSealWork();
  const auto sealed = again.segment->Seal();
  {
    const AppendLock::Held held(log_.lock);
    log_.tail.FinishSeal(held, *sealed, 0);
  }
  succeeds.join();
}

// Coarse room would make each of the small syncs write 2 MB.
TEST_F(LiveLogTest, ASlowerLogGoesOnInFineRoomOfTheNextSegment) {
  Start(io::PosixFileSystem(), std::uint64_t{64} << 20);
  bool was_coarse = false;
  while (!was_coarse) {
    const LogTail::Work extension = AppendUntilExtensionIsAskedFor();
    was_coarse = extension.grain == io::Grain::kCoarse;
    const auto reserved = extension.segment->writer->Extend(extension.bytes, extension.grain);
    const AppendLock::Held held(log_.lock);
    log_.tail.FinishExtend(held, extension, reserved);
    log_.tail.EndWork(held, RoomState::Job::kRoom, Ok());
  }
  static_cast<void>(AppendUntilExtensionIsAskedFor());  // Into the coarse room.
  GiveNext();
  EXPECT_EQ(UnsyncedSegments(), 1U);
  for (unsigned i = 0; i <= SyncPace::kFineSyncs; ++i) {
    EXPECT_TRUE(IsOk(Append("key", 100)));
    const AppendLock::Held held(log_.lock);
    static_cast<void>(log_.tail.BeginSync(held));
  }
  EXPECT_EQ(UnsyncedSegments(), 2U);
}

// The last 64 kB are kept for removals, which are the way out of a full disk.
TEST_F(LiveLogTest, TheReserveForRemovalsIsLeftToThem) {
  Start(io::PosixFileSystem(), log::SegmentWriter::kFirstStepBytes);
  std::uint64_t appended = 0;
  {
    const AppendLock::Held held(log_.lock);
    log_.space.NoteNothingToGain(held, Gain::kAny);  // A segment this small is above its bound from the start.
    const std::string value(1'000, 'v');
    while (log_.tail.position(held) + value.size() + LogTail::kRemovalReserveBytes + 200 <
           log::SegmentWriter::kFirstStepBytes) {
      ASSERT_TRUE(IsOk(log_.tail.MakeRoom(held, value.size() + 100, Purpose::kStore)));
      ASSERT_TRUE(IsOk(log_.tail.Append(held, log::DraftPut("key", value))));
      ++appended;
    }
  }
  EXPECT_GT(appended, 100U);
  EXPECT_TRUE(Fails(AppendWithoutRoom("key", 1'200), ErrorCode::kNoSpace));
  EXPECT_TRUE(Fails(AppendWithoutRoom("key", LogTail::kRemovalReserveBytes / 2 + 1'200, Purpose::kExpire),
                    ErrorCode::kNoSpace));
  const AppendLock::Held held(log_.lock);
  EXPECT_TRUE(IsOk(log_.tail.MakeRoom(held, LogTail::kRemovalReserveBytes / 2, Purpose::kExpire)));
  EXPECT_TRUE(IsOk(log_.tail.MakeRoom(held, LogTail::kRemovalReserveBytes, Purpose::kRemove)));
}

}  // namespace
}  // namespace kvs::store
