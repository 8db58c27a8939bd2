// Promised: the appended bytes come out at the front, in order and contiguous. The block is freed with the last byte,
// and takes at most twice the bytes that were in it. A model (std::string) is driven with the same random steps.
// KVS_TEST_SEED replays a run.
#include "base/byte_buffer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/random.h"

namespace kvs::base {
namespace {

std::uint64_t Seed() {
  const char* text = std::getenv("KVS_TEST_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

TEST(ByteBufferTest, AgreesWithAStringUnderRandomSteps) {
  SCOPED_TRACE("KVS_TEST_SEED=" + std::to_string(Seed()));
  Random random(Seed());
  ByteBuffer buffer;
  std::string model;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t choice = random.Below(8);
    if (choice < 4) {
      const std::string bytes(random.Below(300), static_cast<char>('a' + random.Below(26)));
      buffer.Append(bytes);
      model += bytes;
    } else if (choice < 7) {
      const std::size_t bytes = random.Below(model.size() + 1);
      buffer.Consume(bytes);
      model.erase(0, bytes);
    } else {
      const std::size_t bytes = model.size() - random.Below(model.size() + 1) / 4;
      buffer.Truncate(bytes);
      model.resize(bytes);
    }
    ASSERT_EQ(buffer.view(), model) << "step " << step;
    ASSERT_EQ(buffer.capacity() == 0, model.empty()) << "step " << step;
  }
}

TEST(ByteBufferTest, ASlowReaderDoesNotMakeItGrow) {
  ByteBuffer buffer;
  buffer.Append(std::string(1'000, 'x'));
  for (int i = 0; i < 100'000; ++i) {
    buffer.Append("yz");
    buffer.Consume(2);
  }
  EXPECT_EQ(buffer.size(), 1'000U);
  EXPECT_LE(buffer.capacity(), 4 * 1'024U);
}

TEST(ByteBufferTest, AMovedFromBufferIsEmptyAndUsable) {
  ByteBuffer buffer;
  buffer.Append("kept");
  ByteBuffer other = std::move(buffer);
  EXPECT_EQ(other.view(), "kept");
  EXPECT_TRUE(buffer.empty());  // NOLINT: the promise under test.
  buffer.Append("new");
  EXPECT_EQ(buffer.view(), "new");
}

}  // namespace
}  // namespace kvs::base
