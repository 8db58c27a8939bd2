// Promised: with a rate set, damage at rest is told without any reader, once for each segment, and a store that closes
// does not wait for it. The tests change a byte under an open store.
#include "store/scrub/scrubber.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "unit/store/store_fixture.h"

namespace kvs::store {
namespace {

using testing::HasSubstr;

class ScrubberTest : public StoreFixture {
 protected:
  void OpenWithSegments(std::uint64_t bytes_per_second) {
    KeepLog();
    options_.scrub_bytes_per_second = bytes_per_second;
    Open();
    for (int i = 0; i < 250; ++i) {
      ASSERT_TRUE(IsOk(store_->Set("key" + std::to_string(i), std::string(10'000, 'x'))));
    }
    ASSERT_TRUE(IsOk(store_->Compact()));  // From here on all segments are sealed.
  }
  std::uint64_t ReadBytes() { return store_->Stats()->scrubbed_bytes; }
};

TEST_F(ScrubberTest, ReadsAllSegmentsOverAndOver) {
  OpenWithSegments(1'000'000'000);
  EXPECT_TRUE(ComesTrue([&] { return ReadBytes() > 10'000'000; }));
  EXPECT_EQ(store_->Stats()->damaged_segments, 0U);
}

TEST_F(ScrubberTest, DamageIsToldOnce) {
  OpenWithSegments(1'000'000'000);
  for (const std::filesystem::path& path : Files(".seg")) {
    if (std::filesystem::file_size(path) < 500'000) continue;
    const auto file = *io::PosixFileSystem().Open(path, io::OpenMode::kReadWrite);
    ASSERT_TRUE(IsOk(file->WriteAt(5'000, "?")));
    break;
  }
  EXPECT_TRUE(ComesTrue([&] { return store_->Stats()->damaged_segments > 0; }));
  const std::uint64_t read = ReadBytes();
  EXPECT_TRUE(ComesTrue([&] { return ReadBytes() > read + 10'000'000; }));
  EXPECT_EQ(store_->Stats()->damaged_segments, 1U);
  EXPECT_THAT(Log(), HasSubstr("damage found: segment "));
}

TEST_F(ScrubberTest, AStoreThatClosesDoesNotWaitForIt) {
  OpenWithSegments(1);  // A megabyte takes it days.
  EXPECT_TRUE(ComesTrue([&] { return ReadBytes() > 0; }));
  store_.reset();
}

TEST_F(ScrubberTest, WithoutARateNothingIsRead) {
  OpenWithSegments(0);
  EXPECT_EQ(ReadBytes(), 0U);
}

}  // namespace
}  // namespace kvs::store
