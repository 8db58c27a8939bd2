// Promised: ParseDecimal() takes one spelling for each number of 64 bits, and refuses everything else.
#include "base/decimal.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace kvs::base {
namespace {

TEST(DecimalTest, EveryNumberIsReadFromItsOwnSpelling) {
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{1}, std::int64_t{-1}, std::int64_t{42}, std::numeric_limits<std::int64_t>::max(),
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(ParseDecimal(DecimalText(number).view()), number);
    EXPECT_EQ(DecimalText(number).view(), std::to_string(number));
  }
  EXPECT_EQ(ParseUnsignedDecimal("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
}

TEST(DecimalTest, NothingElseIsANumber) {
  for (const char* text : {"", "-", "+1", "01", "-0", "-01", "00", " 1", "1 ", "1.5", "1e3", "0x1", "abc", "--1",
                           "9223372036854775808", "-9223372036854775809", "99999999999999999999999"}) {
    EXPECT_FALSE(ParseDecimal(text).has_value()) << text;
  }
  EXPECT_FALSE(ParseDecimal(std::string_view("1\0", 2)).has_value());
  for (const char* text : {"-1", "18446744073709551616", "", "+1"}) {
    EXPECT_FALSE(ParseUnsignedDecimal(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace kvs::base
