// Promised: a process that dies while it saves its index at closing loses no acknowledged write and revives no removed
// key. Half a saved index is never taken for a whole one.
//
// Attack: a real process opens a store, changes it, and begins to close it. SIGKILL ends it before the first file
// operation of the saving, then before the second, and so on until one completes. After each kill the store is opened
// and compared with all the writes. Nothing here is random.
#include <algorithm>
#include <filesystem>
#include <string>

#include "crash/crash_test.h"
#include "crash/killed_closes.h"
#include "io/file_system.h"
#include "log/file_names.h"
#include "support/child_process.h"

namespace kvs::test {
namespace {

constexpr int kKilled = 128 + 9;
constexpr std::uint64_t kOperationsMax = 100;
constexpr std::uint64_t kOperationsMin =
    6;  // Remove, create, a block, two pieces of leaves, the head, rename: 7 or more.

class SavedIndexKill : public testing::Test {
 protected:
  // Returns the exit code of the process.
  int CloseWith(std::uint64_t generation, std::uint64_t dies_before) {
    const Outcome outcome = RunProgram(
        {KVS_KILLED_CLOSER, scratch_.path().string(), std::to_string(generation), std::to_string(dies_before)});
    EXPECT_EQ(outcome.output, "written\n") << outcome.error_output;
    ExpectGeneration(generation, &expected_);
    return outcome.exit_code;
  }

  // Leaves the directory as it is, because it opens a copy.
  void CheckCopy(bool must_have_index) {
    const ScratchDirectory copy;
    std::filesystem::copy(scratch_.path(), copy.path(), std::filesystem::copy_options::recursive);
    auto store = store::Store::Open(io::PosixFileSystem(), copy.path(), ClosedStoreOptions());
    ASSERT_TRUE(store) << store.error().ToString();
    Contents found;
    const Status status = (*store)->Scan({}, [&](std::string_view key, std::string_view value) {
      found.emplace_hint(found.end(), key, value);
      return true;
    });
    ASSERT_TRUE(status) << TextOf(status);
    ASSERT_EQ(found.size(), expected_.size());
    ASSERT_TRUE(found == expected_);
    for (std::uint64_t number = 0; number < kClosedKeys; number += 97) {
      const auto got = (*store)->Get(ClosedKey(number));
      ASSERT_TRUE(got) << got.error().ToString();
      const auto at = expected_.find(ClosedKey(number));
      ASSERT_EQ(*got, at == expected_.end() ? std::nullopt : std::optional(at->second));
    }
    EXPECT_FALSE(std::filesystem::exists(copy.path() / "INDEX.tmp"));
    EXPECT_TRUE((*store)->open_report().index_was_saved || !must_have_index);
  }

  const ScratchDirectory scratch_;
  Contents expected_;
};

TEST_F(SavedIndexKill, AtEachFileOperationLosesNoAcknowledgedWrite) {
  ASSERT_EQ(CloseWith(0, UINT64_MAX), 0);
  CheckCopy(true);
  std::uint64_t operation = 1;
  int exit_code = kKilled;
  for (; exit_code == kKilled && operation < kOperationsMax && !HasFailure(); ++operation) {
    SCOPED_TRACE("killed before operation " + std::to_string(operation));
    exit_code = CloseWith(operation, operation);
    CheckCopy(exit_code == 0);
  }
  EXPECT_EQ(exit_code, 0);
  EXPECT_GT(operation, kOperationsMin);
}

}  // namespace
}  // namespace kvs::test
