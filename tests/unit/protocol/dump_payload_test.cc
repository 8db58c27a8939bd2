// Promised: DecodeDump() returns the value of every payload that Redis or EncodeDump() has made, and an error for
// anything else. The payloads here are from redis-server 7.0.15.
#include "protocol/dump_payload.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <string_view>

#include "support/address_space.h"

namespace kvs::protocol {
namespace {

using namespace std::string_literals;

std::string Decoded(std::string_view payload) {
  const std::string block(payload);  // Of the exact size, for the sanitizer.
  const auto decoded = DecodeDump(block);
  if (const auto* const value = std::get_if<std::string>(&decoded)) return *value;
  switch (std::get<DumpFault>(decoded)) {
    case DumpFault::kVersionOrChecksum: return "(version or checksum)";
    case DumpFault::kFormat: return "(format)";
    case DumpFault::kOtherType: return "(other type)";
  }
  return "";
}

// `body` with a good footer: that of a dumped string, with another body before it, would not have the checksum.
std::string WithFooter(const std::string& body) {
  std::uint64_t crc = 0;
  const std::string bytes = body + "\x0a\x00"s;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x95ac9329ac4bc9b5 : 0);
  }
  std::string payload = bytes;
  for (int i = 0; i < 8; ++i) payload.push_back(static_cast<char>(crc >> (8 * i)));
  return payload;
}

TEST(DumpPayloadTest, PayloadsOfRedisAreReadAndWritten) {
  EXPECT_EQ(Decoded("\x00\xc0\x0a\x0a\x00\x6e\x9f\x57\x45\x0e\xae\x63\xbb"s), "10"s);
  EXPECT_EQ(EncodeDump("10"s), "\x00\xc0\x0a\x0a\x00\x6e\x9f\x57\x45\x0e\xae\x63\xbb"s);
  EXPECT_EQ(Decoded("\x00\xc1\xd4\xfe\x0a\x00\xc6\xc4\x86\x23\xfe\xbe\xde\x2e"s), "-300"s);
  EXPECT_EQ(EncodeDump("-300"s), "\x00\xc1\xd4\xfe\x0a\x00\xc6\xc4\x86\x23\xfe\xbe\xde\x2e"s);
  EXPECT_EQ(Decoded("\x00\xc2\xa0\x86\x01\x00\x0a\x00\xf1\x24\x03\x50\x6f\x2f\xa6\x74"s), "100000"s);
  EXPECT_EQ(EncodeDump("100000"s), "\x00\xc2\xa0\x86\x01\x00\x0a\x00\xf1\x24\x03\x50\x6f\x2f\xa6\x74"s);
  EXPECT_EQ(Decoded("\x00\x0b\x31\x32\x33\x34\x35\x36\x37\x38\x39\x30\x31\x0a\x00\x30\x4e\x52\xd7\x27\x17\x65\x10"s),
            "12345678901"s);
  EXPECT_EQ(EncodeDump("12345678901"s),
            "\x00\x0b\x31\x32\x33\x34\x35\x36\x37\x38\x39\x30\x31\x0a\x00\x30\x4e\x52\xd7\x27\x17\x65\x10"s);
  EXPECT_EQ(Decoded("\x00\x06\x66\x6f\x6f\x62\x61\x72\x0a\x00\x3b\x4c\x3c\xf6\xb7\xee\x7b\xae"s), "foobar"s);
  EXPECT_EQ(EncodeDump("foobar"s), "\x00\x06\x66\x6f\x6f\x62\x61\x72\x0a\x00\x3b\x4c\x3c\xf6\xb7\xee\x7b\xae"s);
  EXPECT_EQ(Decoded("\x00\x00\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda"s), ""s);
  EXPECT_EQ(EncodeDump(""s), "\x00\x00\x0a\x00\x5d\x9b\x5c\x40\x0f\x7f\xa2\xda"s);
  EXPECT_EQ(Decoded("\x00\x02\x00\xff\x0a\x00\xf5\xf2\xc8\x2b\x65\xec\x35\x7d"s), "\x00\xff"s);
  EXPECT_EQ(EncodeDump("\x00\xff"s), "\x00\x02\x00\xff\x0a\x00\xf5\xf2\xc8\x2b\x65\xec\x35\x7d"s);
  EXPECT_EQ(Decoded("\x00\xc3\x12\x43\xe8\x01\x61\x61\xe0\xff\x00\xe0\xff\x00\xe0\xff\x00\xe0\xc3\x00\x01\x61\x61\x0a"
                    "\x00\x86\xc2\x12\xdb\x54\x81\x9e\x3c"s),
            std::string(1'000, 'a'));
  const std::string foxes = "the quick brown fox jumps over the quick brown fox ";
  EXPECT_EQ(Decoded("\x00\xc3\x2d\x40\x99\x1f\x74\x68\x65\x20\x71\x75\x69\x63\x6b\x20\x62\x72\x6f\x77\x6e\x20\x66\x6f"
                    "\x78\x20\x6a\x75\x6d\x70\x73\x20\x6f\x76\x65\x72\x20\x74\xe0\x0a\x1e\xe0\x0b\x13\xe0\x47\x32\x01"
                    "\x78\x20\x0a\x00\xf0\x89\x22\xd7\x0e\xd2\x47\x1e"s),
            foxes + foxes + foxes);
}

TEST(DumpPayloadTest, EveryValueComesBack) {
  for (const std::size_t bytes : {0U, 1U, 11U, 12U, 63U, 64U, 16'383U, 16'384U, 100'000U}) {
    const std::string value(bytes, 'v');
    EXPECT_EQ(Decoded(EncodeDump(value)), value) << bytes;
    EXPECT_EQ(EncodeDump(value).size(), 1 + DumpedStringBytes(value) + 10) << bytes;
  }
  for (const std::int64_t number :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{127}, std::int64_t{128}, std::int64_t{-129},
        std::int64_t{32'767}, std::int64_t{32'768}, std::int64_t{2'147'483'647}, std::int64_t{2'147'483'648},
        std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(Decoded(EncodeDump(std::to_string(number))), std::to_string(number));
  }
  for (const char* text : {"007", "+1", "-0", "1.0", " 1"}) EXPECT_EQ(Decoded(EncodeDump(text)), text);
}

TEST(DumpPayloadTest, ADamagedPayloadIsRefused) {
  const std::string payload = EncodeDump("some value");
  for (std::size_t i = 0; i < payload.size(); ++i) {
    EXPECT_EQ(Decoded(payload.substr(0, i)), "(version or checksum)") << i;
    std::string damaged = payload;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    EXPECT_EQ(Decoded(damaged), "(version or checksum)") << i;
  }
}

TEST(DumpPayloadTest, AGoodChecksumDoesNotMakeABadStringGood) {
  EXPECT_EQ(Decoded(WithFooter("\x00\x03xyz"s)), "xyz");
  EXPECT_EQ(Decoded(WithFooter(""s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x04xyz"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x40"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x80\x00\x00\x00"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x80\xff\xff\xff\xffxyz"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x81\xff\xff\xff\xff\xff\xff\xff\xffxyz"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\x82xyz"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc0"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc2\x01\x02\x03"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc4xyz"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc3\x02\x05\x00"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc3\x02\x00\x00\x61"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc3\x02\x05\x00\x61"s)), "(format)");  // Fewer bytes than it says.
  EXPECT_EQ(Decoded(WithFooter("\x00\xc3\x02\x01\x00\x61"s)), "a");
  EXPECT_EQ(Decoded(WithFooter("\x00\xc3\x02\x9f\xff\xff\xff\x00\x61"s)), "(format)");
  EXPECT_EQ(Decoded(WithFooter("\x01\x01\x01x"s)), "(other type)");
}

// A body whose LZF part is `compressed`, which is said to hold `bytes`.
std::string Compressed(std::uint32_t bytes, const std::string& compressed) {
  std::string body = "\x00\xc3\x80"s;
  for (const auto length : {static_cast<std::uint32_t>(compressed.size()), bytes}) {
    if (length == bytes) body.push_back('\x80');
    for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>(length >> shift));
  }
  return WithFooter(body + compressed);
}

TEST(DumpPayloadTest, LengthMustBeThatOfTheDecompressedBytes) {
  const std::string longest = "\x00\x61\xe0\xff\x00"s;  // A byte, and 264 copies of it.
  EXPECT_EQ(Decoded(Compressed(265, longest)), std::string(265, 'a'));
  EXPECT_EQ(Decoded(Compressed(264, longest)), "(format)");
  EXPECT_EQ(Decoded(Compressed(266, longest)), "(format)");
  EXPECT_EQ(Decoded(Compressed(9, "\x00\x61\xc0\x00"s)), std::string(9, 'a'));
  EXPECT_EQ(Decoded(Compressed(3, "\x02\x61\x62\x63"s)), "abc");
  EXPECT_EQ(Decoded(Compressed(6, "\x01\x61\x62\x40\x01"s)), "ababab");
  EXPECT_EQ(Decoded(Compressed(6, "\x01\x61\x62\x40\x02"s)), "(format)");  // Reaches back to before the first byte.
  EXPECT_EQ(Decoded(Compressed(3, "\x20\x00"s)), "(format)");
  for (std::size_t bytes = 0; bytes < longest.size(); ++bytes) {
    EXPECT_EQ(Decoded(Compressed(265, longest.substr(0, bytes))), "(format)") << bytes;
  }
}

TEST(DumpPayloadTest, NothingIsAllocatedForAnUnreachableLength) {
  KVS_SKIP_UNDER_SANITIZERS();
  const std::string payload = Compressed(512U << 20, "\x00\x61\xe0\xff\x00"s);
  const test::AddressSpaceLimit limit(128U << 20);  // An allocation of the declared size would throw.
  EXPECT_EQ(Decoded(payload), "(format)");
}

}  // namespace
}  // namespace kvs::protocol
