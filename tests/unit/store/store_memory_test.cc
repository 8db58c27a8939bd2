// Promised: if memory runs out, a write does nothing, or all of it. A record in the log is also in the index, in the
// process that lacked the memory and in the next one. Each allocation of each write fails here once.
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <map>
#include <new>
#include <optional>
#include <string>

#include "base/random.h"
#include "log/file_names.h"
#include "support/address_space.h"
#include "support/failing_memory.h"
#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

using Model = std::map<std::string, std::string>;

constexpr std::uint64_t kFar = 4'000'000'000'000;

class StoreMemoryTest : public StoreFixture {
 protected:
  // Tries `write` until no allocation fails, and expects no effect of a failed one. Returns how many have failed.
  template <class Write>
  int UntilNothingFails(Write write, const Model& after) {
    for (int allocation = 0;; ++allocation) {
      Status status = Ok();
      bool has_failed = false;
      try {
        const test::FailingMemory failing(allocation);
        status = write();
        has_failed = test::FailingMemory::has_failed();
      } catch (const std::bad_alloc&) {
        ExpectTheModel();
        continue;
      }
      EXPECT_TRUE(IsOk(status));
      model_ = after;
      ExpectTheModel();
      if (!has_failed) return allocation;
    }
  }

  void ExpectTheModel() {
    const Pairs expected(model_.begin(), model_.end());
    if (Scan({}) == expected) return;
    ADD_FAILURE() << "the store has other pairs than it should";
  }

  std::string AnyKey() { return "key" + std::to_string(random_.Below(2'000)); }

  base::Random random_{1};
  Model model_;
};

TEST(ErrorMemoryTest, ACopyWithoutMemoryKeepsItsCode) {
  const Status status = Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = std::string(100, 'x')};
  std::optional<test::FailingMemory> failing(0);
  const std::optional<Status> copied(status);
  failing.reset();
  const Error& copy = copied->error();
  EXPECT_TRUE(test::FailingMemory::has_failed());
  EXPECT_EQ(copy.code, ErrorCode::kIo);
  EXPECT_EQ(copy.sys_errno, EIO);
  EXPECT_EQ(copy.context, "");
}

TEST_F(StoreMemoryTest, WritesAreAllOrNothingWhenAllocationsFail) {
  Open();
  int failures = 0;
  for (int i = 0; i < 150; ++i) {
    const std::string key = AnyKey();
    Model after = model_;
    after[key] = std::to_string(i);
    failures += UntilNothingFails(
        [&] { return store_->Set(key, std::to_string(i), i % 3 == 0 ? Expiry(kFar) : kNoExpiry); }, after);
  }
  for (int i = 0; i < 20; ++i) {
    WriteBatch batch;
    Model after = model_;
    for (int member = 0; member < 60; ++member) {
      const std::string key = AnyKey();
      if (random_.Below(3) == 0) {
        batch.Remove(key);
        after.erase(key);
      } else {
        batch.Set(key, std::to_string(i));
        after[key] = std::to_string(i);
      }
    }
    failures += UntilNothingFails([&] { return store_->Write(batch); }, after);
  }
  EXPECT_GT(failures, 100);
  Open();
  ExpectTheModel();
}

TEST_F(StoreMemoryTest, StoreWithoutMemoryRefusesAndGoesOn) {
  KVS_SKIP_UNDER_SANITIZERS();
  options_.segment_bytes = std::uint64_t{64} << 20;
  Open();
  ASSERT_TRUE(IsOk(store_->Set("first", "value")));
  std::uint64_t set = 0;
  std::optional<Error> error;
  {
    const test::AddressSpaceLimit limit(std::uint64_t{1} << 20);
    while (!error && set < 2'000'000) {
      const Status status = store_->Set("key" + std::to_string(set), "value");
      if (status) ++set;
      if (!status) error = status.error();
    }
  }
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, ErrorCode::kNoSpace) << error->ToString();
  EXPECT_EQ(Get("key" + std::to_string(set)), "(none)");
  EXPECT_TRUE(IsOk(store_->Set("last", "value")));
  Open();
  EXPECT_EQ(store_->Stats()->keys, set + 2);
}

TEST_F(StoreMemoryTest, OpeningWithoutMemoryIsAnErrorAndTakesNothing) {
  KVS_SKIP_UNDER_SANITIZERS();
  constexpr int kKeys = 300'000;  // An index of several megabytes.
  Open();
  for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), "value")));
  for (const bool has_index : {true, false}) {
    store_.reset();
    if (!has_index) std::filesystem::remove(log::IndexPath(directory_.path()));
    {
      const test::AddressSpaceLimit limit(std::uint64_t{8} << 20);
      const auto opened = Store::Open(io::PosixFileSystem(), directory_.path(), options_);
      ASSERT_FALSE(opened);
      EXPECT_EQ(opened.error().code, ErrorCode::kNoSpace) << opened.error().ToString();
    }
    Open();
    EXPECT_EQ(store_->open_report().index_was_saved, has_index);
    EXPECT_EQ(store_->Stats()->keys, std::uint64_t{kKeys});
  }
}

}  // namespace
}  // namespace kvs::store
