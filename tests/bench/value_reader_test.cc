// Promise: the bench reads every byte of a value, whatever its size. The test gives ValueReader values of several
// sizes and compares its copy.
#include "engine/value_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::bench {
namespace {

std::string Counting(std::size_t bytes) {
  std::string value(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) value[i] = static_cast<char>(i * 7 + i / 256);
  return value;
}

TEST(ValueReaderTest, CopiesTheWholeValue) {
  ValueReader reader;
  for (const std::size_t bytes : {100U, 65'536U, 1'000U, 9U}) {
    const std::string value = Counting(bytes);
    EXPECT_EQ(reader.Read(value).bytes, bytes);
    EXPECT_EQ(std::string(reader.copy(), bytes), value);
  }
}

TEST(ValueReaderTest, LeadIsTheFirstEightBytes) {
  EXPECT_EQ(ValueReader().Read("\1\2\3\4\5\6\7\10 and more").lead, 0x0807060504030201U);
}

TEST(ValueReaderTest, ShortValueLeavesNothingOfTheLast) {
  ValueReader reader;
  static_cast<void>(reader.Read("long enough"));
  EXPECT_EQ(reader.Read("\1\2").lead, 0x0201U);
  EXPECT_EQ(reader.Read("").lead, 0U);
  EXPECT_EQ(reader.Read("").bytes, 0U);
}

}  // namespace
}  // namespace kvs::bench
