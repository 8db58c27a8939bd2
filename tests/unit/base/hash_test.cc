// Promised: the hash of given bytes is the same in every build and version, because files carry it. The test pins
// values (that of the empty input is published with XXH3) and shows that each byte and the seed count.
#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace kvs::base {
namespace {

TEST(HashTest, ValuesArePinned) {
  EXPECT_EQ(Hash64(""), 0x2d06800538d394c2U);
  EXPECT_EQ(Hash64("kvs"), 0xd7c4f5fe919d4834U);
  EXPECT_EQ(Hash64("kvs", 1), 0x5be518c765544755U);
  EXPECT_EQ(Hash64(std::string(1000, 'x')), 0xc0a4877b962cba82U);
}

TEST(HashTest, TheChecksumIsTheLowHalf) {
  EXPECT_EQ(Checksum32("kvs"), 0x919d4834U);
  EXPECT_EQ(Checksum32("kvs", 1), 0x65544755U);
}

TEST(HashTest, EveryFlippedBitChangesTheChecksum) {
  std::string bytes(300, 'a');
  std::set<std::uint32_t> seen = {Checksum32(bytes)};
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    const auto mask = static_cast<char>(1 << (bit % 8));
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
    EXPECT_TRUE(seen.insert(Checksum32(bytes)).second) << "bit " << bit;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ mask);
  }
}

TEST(HashTest, LongInputsHaveTheHashThatTheLibraryGives) {
  std::string bytes(100'000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 131 >> 3);
  for (const std::size_t length :
       {kHashLongBytesMin - 1, kHashLongBytesMin, std::size_t{1025}, std::size_t{4097}, bytes.size()}) {
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0x123456789abcdef}}) {
      EXPECT_EQ(Hash64(std::string_view(bytes).substr(0, length), seed),
                XXH3_64bits_withSeed(bytes.data(), length, seed));
      EXPECT_EQ(HashLong(std::string_view(bytes).substr(0, length), seed),
                XXH3_64bits_withSeed(bytes.data(), length, seed));
    }
  }
}

}  // namespace
}  // namespace kvs::base
