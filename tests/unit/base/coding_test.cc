// Promised: fixed integers are little-endian bytes. A varint has one encoding, the shortest, and a decoder reads
// nothing after the end of its input. The test pins bytes, tries every length, and feeds padded, cut and oversized
// input.
#include "base/coding.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace kvs::base {
namespace {

std::string Encoded(std::uint64_t value) {
  char bytes[kVarint64BytesMax];
  return std::string(bytes, PutVarint(bytes, value));
}

// Decodes from an exact-size block of the heap, so that AddressSanitizer sees one byte too many.
bool Decodes(const std::string& input, std::uint64_t* value, std::size_t* used_bytes) {
  const std::vector<char> exact(input.begin(), input.end());
  const char* begin = exact.data();
  const char* after = GetVarint(begin, begin + exact.size(), value);
  if (after == nullptr) return false;
  *used_bytes = static_cast<std::size_t>(after - begin);
  return true;
}

// The least and the greatest value of each encoded length, and their neighbours.
std::vector<std::uint64_t> InterestingValues() {
  std::vector<std::uint64_t> values = {0, 1, std::numeric_limits<std::uint64_t>::max()};
  for (unsigned bits = 7; bits < 64; bits += 7) {
    const std::uint64_t boundary = std::uint64_t{1} << bits;
    values.insert(values.end(), {boundary - 1, boundary, boundary + 1});
  }
  return values;
}

TEST(FixedCodingTest, BytesAreLittleEndian) {
  char bytes[8];
  PutFixed32(bytes, 0x01020304);
  EXPECT_EQ(std::string(bytes, 4), "\x04\x03\x02\x01");
  PutFixed64(bytes, 0x0102030405060708);
  EXPECT_EQ(std::string(bytes, 8), "\x08\x07\x06\x05\x04\x03\x02\x01");
}

TEST(FixedCodingTest, NumbersComeBackAtAnyAlignment) {
  char bytes[16];
  for (std::size_t at = 0; at < 8; ++at) {
    PutFixed64(bytes + at, 0xfedcba9876543210);
    EXPECT_EQ(GetFixed64(bytes + at), 0xfedcba9876543210);
    PutFixed32(bytes + at, 0xfedcba98);
    EXPECT_EQ(GetFixed32(bytes + at), 0xfedcba98);
  }
}

TEST(VarintTest, BytesArePinned) {
  EXPECT_EQ(Encoded(0), std::string(1, '\0'));
  EXPECT_EQ(Encoded(127), "\x7f");
  EXPECT_EQ(Encoded(128), "\x80\x01");
  EXPECT_EQ(Encoded(300), "\xac\x02");
  EXPECT_EQ(Encoded(std::numeric_limits<std::uint64_t>::max()), "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
}

TEST(VarintTest, EveryLengthComesBackAndIsForetold) {
  for (const std::uint64_t value : InterestingValues()) {
    const std::string bytes = Encoded(value);
    EXPECT_EQ(bytes.size(), VarintBytes(value)) << value;
    std::uint64_t decoded = 0;
    std::size_t used_bytes = 0;
    ASSERT_TRUE(Decodes(bytes + "rest", &decoded, &used_bytes)) << value;
    EXPECT_EQ(decoded, value);
    EXPECT_EQ(used_bytes, bytes.size());
  }
}

TEST(VarintTest, EveryCutIsRefusedAndLeavesTheValueAlone) {
  for (const std::uint64_t value : InterestingValues()) {
    const std::string bytes = Encoded(value);
    for (std::size_t kept = 0; kept < bytes.size(); ++kept) {
      std::uint64_t decoded = 42;
      std::size_t used_bytes = 0;
      EXPECT_FALSE(Decodes(bytes.substr(0, kept), &decoded, &used_bytes)) << value << " cut to " << kept;
      EXPECT_EQ(decoded, 42U);
    }
  }
}

TEST(VarintTest, ASecondEncodingOfAValueIsRefused) {
  std::uint64_t decoded = 0;
  std::size_t used_bytes = 0;
  EXPECT_FALSE(Decodes(std::string("\x80\x00", 2), &decoded, &used_bytes));
  EXPECT_FALSE(Decodes(std::string("\xff\x80\x00", 3), &decoded, &used_bytes));
}

TEST(VarintTest, MoreThan64BitsAreRefused) {
  std::uint64_t decoded = 0;
  std::size_t used_bytes = 0;
  EXPECT_FALSE(Decodes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", &decoded, &used_bytes));
  EXPECT_FALSE(Decodes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", &decoded, &used_bytes));
}

}  // namespace
}  // namespace kvs::base
