// Promised: a clock file is read as it was written, and every changed byte of it is noticed. A file of another kind is
// told from a damaged clock file, because it must not be replaced.
#include "log/clock_file.h"

#include <gtest/gtest.h>

#include <limits>

namespace kvs::log {
namespace {

constexpr ClockFile kSample{.boot = 0x1122334455667788, .anchor_ms = 1'700'000'000'000, .offset_ms = -5, .span_ms = 77};

TEST(ClockFileTest, ItComesBackAsItWas) {
  const std::string bytes = EncodeClockFile(kSample);
  EXPECT_EQ(bytes.size(), kClockFileBytes);
  EXPECT_EQ(*DecodeClockFile(bytes), kSample);
}

TEST(ClockFileTest, EveryChangedByteAndEveryCutIsSeen) {
  const std::string bytes = EncodeClockFile(kSample);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    EXPECT_FALSE(DecodeClockFile(changed)) << at;
    EXPECT_FALSE(DecodeClockFile(bytes.substr(0, at))) << at;
  }
  EXPECT_FALSE(DecodeClockFile(bytes + "x"));
}

TEST(ClockFileTest, AFileOfAnotherKindIsNotDamaged) {
  EXPECT_EQ(DecodeClockFile("my notes").error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(DecodeClockFile(EncodeClockFile(kSample).substr(0, 20)).error().code, ErrorCode::kCorruption);
}

TEST(ClockFileTest, TimesThatNoClockShowsAreRefused) {
  EXPECT_FALSE(DecodeClockFile(EncodeClockFile({.span_ms = std::numeric_limits<std::int64_t>::max()})));
  EXPECT_FALSE(DecodeClockFile(EncodeClockFile({.anchor_ms = std::numeric_limits<std::int64_t>::min()})));
}

}  // namespace
}  // namespace kvs::log
