// Promised: inspection reports the contents of a store without changing it. Verification notices every changed byte of
// a closed store, and does not call a torn tail damage. The tests compare with the written data, and change every byte
// of every file.
#include "kvs/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "kvs/kv_store.h"
#include "log/file_names.h"
#include "support/temporary_directory.h"

namespace kvs {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class InspectTest : public testing::Test {
 protected:
  // A sealed segment with a hint file, and an open one with a batch, a removal and an overwritten key.
  InspectTest() {
    KvStoreOptions options;
    options.garbage_ratio_max = 0.9;  // No compaction but the one that is asked for.
    const auto store = *KvStore::Open(path_, options);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(store->Set("key" + std::to_string(i), std::string(200, 'v')));
    EXPECT_TRUE(store->Set("key0", std::string(200, 'w')));
    EXPECT_TRUE(store->Compact());
    WriteBatch batch;
    batch.Set("in a batch", "1");
    batch.Remove("key1");
    EXPECT_TRUE(store->Write(batch));
    EXPECT_TRUE(store->Set("key2", "new"));
    EXPECT_TRUE(store->Remove("key3"));
  }

  std::string ReadFile(const std::string& name) { return *files_.ReadFile(path_ / name, 1 << 20); }
  void WriteAt(const std::string& name, std::uint64_t offset, std::string_view bytes) {
    ASSERT_TRUE((*files_.Open(path_ / name, io::OpenMode::kReadWrite))->WriteAt(offset, bytes));
  }
  std::map<std::string, std::string> AllFiles() {
    std::map<std::string, std::string> all;
    const std::vector<std::string> names = *files_.List(path_);
    for (const std::string& name : names) {
      if (name != "LOCK") all.emplace(name, ReadFile(name));
    }
    return all;
  }
  std::vector<std::string> Damages() {
    std::vector<std::string> damages;
    const auto report = VerifyStore(path_, [&](const Error& damage) { damages.push_back(damage.context); });
    EXPECT_TRUE(report);
    EXPECT_EQ(report.value_or(VerifyReport()).damages, damages.size());
    return damages;
  }
  std::string SegmentName(std::size_t index) {
    return log::SegmentPath("", InspectStore(path_)->segments[index].id).string();
  }

  const test::TemporaryDirectory directory_;
  const std::filesystem::path path_ = directory_.path() / "store";
  io::FileSystem& files_ = io::PosixFileSystem();
};

TEST_F(InspectTest, ReportsTheContentsOfEachSegment) {
  const auto store = InspectStore(path_);
  ASSERT_TRUE(store) << store.error().ToString();
  ASSERT_EQ(store->segments.size(), 2U);
  EXPECT_EQ(store->keys, 4U);  // key0, key2, key4, "in a batch".
  EXPECT_THAT(store->unnamed_files, IsEmpty());

  const bool is_first_sealed = store->segments[0].is_sealed;
  const SegmentInspection& sealed = store->segments[is_first_sealed ? 0 : 1];
  const SegmentInspection& open = store->segments[is_first_sealed ? 1 : 0];
  EXPECT_TRUE(sealed.is_sealed);
  EXPECT_EQ(sealed.records, 5U);
  EXPECT_EQ(sealed.tombstones, 0U);
  EXPECT_EQ(sealed.live_records, 2U);
  EXPECT_EQ(sealed.used_bytes, sealed.file_bytes);
  EXPECT_EQ(sealed.synced_bytes, sealed.file_bytes);
  EXPECT_EQ(sealed.sequence_min, 2U);
  EXPECT_EQ(sealed.sequence_max, 6U);
  EXPECT_EQ(sealed.hint, HintState::kUsable);
  EXPECT_FALSE(open.is_sealed);
  EXPECT_EQ(open.records, 4U);
  EXPECT_EQ(open.tombstones, 2U);
  EXPECT_EQ(open.live_records, 2U);
  EXPECT_EQ(open.synced_bytes, open.used_bytes);
  EXPECT_EQ(open.sequence_min, 7U);
  EXPECT_EQ(open.sequence_max, 10U);
  EXPECT_EQ(open.hint, HintState::kNone);
}

TEST_F(InspectTest, VisitsTheRecordsOfASegmentInTheirOrder) {
  const auto store = *InspectStore(path_);
  const SegmentInspection& open = store.segments[store.segments[0].is_sealed ? 1 : 0];
  std::vector<std::string> visited;
  ASSERT_TRUE(VisitRecords(path_, open.id, [&](const RecordInspection& record) {
    const char* const kinds[] = {"put ", "tombstone ", "batch "};
    visited.push_back((record.is_in_batch ? "  " : "") + std::string(kinds[static_cast<int>(record.kind)]) +
                      std::string(record.key) + "@" + std::to_string(record.sequence));
    return true;
  }));
  EXPECT_THAT(visited,
              ElementsAre("batch @7", "  put in a batch@7", "  tombstone key1@8", "put key2@9", "tombstone key3@10"));
}

TEST_F(InspectTest, AVisitEndsWhenItsCallerWantsNoMore) {
  const auto store = *InspectStore(path_);
  for (const SegmentInspection& segment : store.segments) {
    for (const int wanted : {1, 2}) {
      int visited = 0;
      EXPECT_TRUE(VisitRecords(path_, segment.id, [&](const RecordInspection&) { return ++visited < wanted; }));
      EXPECT_EQ(visited, wanted);
    }
  }
}

TEST_F(InspectTest, ASegmentThatIsNotPartOfTheStoreIsRefused) {
  const Status status = VisitRecords(path_, 999, [](const RecordInspection&) { return true; });
  EXPECT_EQ(status.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(InspectTest, ADirectoryWithoutAStoreIsRefusedUnchanged) {
  const std::filesystem::path empty = directory_.path() / "empty";
  ASSERT_TRUE(files_.CreateDirectories(empty));
  EXPECT_EQ(InspectStore(empty).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(VerifyStore(empty, [](const Error&) {}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(*files_.List(empty), IsEmpty());
}

TEST_F(InspectTest, ChangesNoFile) {
  const auto before = AllFiles();
  EXPECT_TRUE(InspectStore(path_));
  EXPECT_THAT(Damages(), IsEmpty());
  EXPECT_EQ(AllFiles(), before);
}

TEST_F(InspectTest, ReportsFilesThatTheManifestDoesNotName) {
  for (const char* name : {"000000000099.seg", "MANIFEST.tmp"}) {
    ASSERT_TRUE(files_.Open(path_ / name, io::OpenMode::kCreate));
  }
  for (const char* name : {"000000000002.torn-1", "000000000002.seg.aside", "7.torn-1", "notes.torn-1"}) {
    ASSERT_TRUE(files_.WriteFileAtomically(path_ / name, "kept"));
  }
  EXPECT_THAT(InspectStore(path_)->unnamed_files, ElementsAre("000000000099.seg", "MANIFEST.tmp"));
  EXPECT_THAT(InspectStore(path_)->kept_files, ElementsAre("000000000002.seg.aside", "000000000002.torn-1"));
}

TEST_F(InspectTest, AStoreInUseCanBeInspectedButNotVerified) {
  const auto store = *KvStore::Open(path_);
  EXPECT_EQ(InspectStore(path_)->keys, 4U);
  const auto report = VerifyStore(path_, [](const Error&) {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kInUse);
}

TEST_F(InspectTest, ReportsTheSavedIndex) {
  EXPECT_EQ(InspectStore(path_)->saved_index.state, SavedIndexState::kUsable);
  EXPECT_EQ(InspectStore(path_)->saved_index.keys, 4U);
  WriteAt("INDEX", 100, "damaged");
  EXPECT_EQ(InspectStore(path_)->saved_index.state, SavedIndexState::kUnusable);
  ASSERT_TRUE(files_.Remove(path_ / "INDEX"));
  EXPECT_EQ(InspectStore(path_)->saved_index.state, SavedIndexState::kNone);
}

TEST_F(InspectTest, EveryChangedByteOfAClosedStoreIsDamageInItsFile) {
  for (const auto& [name, bytes] : AllFiles()) {
    if (name.starts_with("RESERVE")) continue;                        // It holds no data.
    const std::size_t used_bytes = bytes.find_last_not_of('\0') + 1;  // Behind it is only reserved room.
    for (std::size_t byte = 0; byte < used_bytes; ++byte) {
      const char changed = static_cast<char>(bytes[byte] ^ 0x10);
      WriteAt(name, byte, {&changed, 1});
      std::vector<std::string> damages;
      const auto report = VerifyStore(path_, [&](const Error& damage) { damages.push_back(damage.context); });
      WriteAt(name, byte, {&bytes[byte], 1});
      ASSERT_TRUE(report) << name << " " << byte << ": " << report.error().ToString();
      ASSERT_FALSE(damages.empty()) << name << " " << byte;
      EXPECT_THAT(damages.front(), HasSubstr(name)) << byte;
    }
  }
  EXPECT_THAT(Damages(), IsEmpty());
}

TEST_F(InspectTest, DamageIsReportedForEveryFile) {
  for (const auto& [name, bytes] : AllFiles()) {
    if (name != "MANIFEST") WriteAt(name, 63, "x");
  }
  EXPECT_THAT(Damages(), testing::SizeIs(4));
}

TEST_F(InspectTest, AFileThatIsMissingOrHasAnotherLengthIsDamage) {
  const auto all = AllFiles();
  for (const std::size_t index : {std::size_t{0}, std::size_t{1}}) {
    const std::string name = SegmentName(index);
    ASSERT_TRUE(files_.Rename(path_ / name, path_ / "aside"));
    EXPECT_EQ(Damages().size(), 1U);
    ASSERT_TRUE(files_.Rename(path_ / "aside", path_ / name));
    ASSERT_TRUE((*files_.Open(path_ / name, io::OpenMode::kReadWrite))->Truncate(100));
    EXPECT_EQ(Damages().size(), 1U);
    WriteAt(name, 0, all.at(name));
  }
  EXPECT_THAT(Damages(), IsEmpty());
}

TEST_F(InspectTest, ATornTailIsReportedButNoDamage) {
  const auto store = *InspectStore(path_);
  const SegmentInspection& open = store.segments[store.segments[0].is_sealed ? 1 : 0];
  WriteAt(log::SegmentPath("", open.id).string(), open.used_bytes + 3, "torn");
  const auto report = VerifyStore(path_, [](const Error& damage) { ADD_FAILURE() << damage.context; });
  ASSERT_TRUE(report);
  EXPECT_EQ(report->torn_tail_bytes, 7U);
}

}  // namespace
}  // namespace kvs
