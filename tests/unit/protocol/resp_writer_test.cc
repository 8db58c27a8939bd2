// Promised: RespWriter writes the bytes of both versions of RESP, and no text can break out of its line.
#include "protocol/resp_writer.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "base/byte_buffer.h"

namespace kvs::protocol {
namespace {

template <class Write>
std::string Written(int version, Write write) {
  base::ByteBuffer buffer;
  RespWriter writer(&buffer);
  writer.set_version(version);
  write(writer);
  return std::string(buffer.view());
}

TEST(RespWriterTest, SharedTypesAreTheSameInBothVersions) {
  for (const int version : {2, 3}) {
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Simple("PONG"); }), "+PONG\r\n");
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Ok(); }), "+OK\r\n");
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Error("ERR no"); }), "-ERR no\r\n");
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Integer(std::numeric_limits<std::int64_t>::min()); }),
              ":-9223372036854775808\r\n");
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Bulk(std::string_view("a\r\n\0", 4)); }),
              std::string("$4\r\na\r\n\0\r\n", 10));
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Bulk(""); }), "$0\r\n\r\n");
    EXPECT_EQ(Written(version, [](RespWriter& w) { w.Array(0); }), "*0\r\n");
  }
}

TEST(RespWriterTest, TypesThatVersionTwoLacksAreWrittenAsRedisDoes) {
  struct Case {
    void (*write)(RespWriter& writer);
    const char* two;
    const char* three;
  };
  for (const Case& c : {
           Case{[](RespWriter& w) { w.Null(); }, "$-1\r\n", "_\r\n"},
           Case{[](RespWriter& w) { w.NullArray(); }, "*-1\r\n", "_\r\n"},
           Case{[](RespWriter& w) { w.Map(2); }, "*4\r\n", "%2\r\n"},
           Case{[](RespWriter& w) { w.Set(2); }, "*2\r\n", "~2\r\n"},
           Case{[](RespWriter& w) { w.Push(2); }, "*2\r\n", ">2\r\n"},
           Case{[](RespWriter& w) { w.Bool(true); }, ":1\r\n", "#t\r\n"},
           Case{[](RespWriter& w) { w.Bool(false); }, ":0\r\n", "#f\r\n"},
           Case{[](RespWriter& w) { w.Double(1.5); }, "$3\r\n1.5\r\n", ",1.5\r\n"},
           Case{[](RespWriter& w) { w.Double(-std::numeric_limits<double>::infinity()); }, "$4\r\n-inf\r\n",
                ",-inf\r\n"},
           Case{[](RespWriter& w) { w.Verbatim("hi"); }, "$2\r\nhi\r\n", "=6\r\ntxt:hi\r\n"},
       }) {
    EXPECT_EQ(Written(2, c.write), c.two);
    EXPECT_EQ(Written(3, c.write), c.three);
  }
}

TEST(RespWriterTest, ALineStaysALine) {
  EXPECT_EQ(Written(2, [](RespWriter& w) { w.Error("ERR a\r\n+OK"); }), "-ERR a  +OK\r\n");
  EXPECT_EQ(Written(2, [](RespWriter& w) { w.Simple("a\nb"); }), "+a b\r\n");
}

}  // namespace
}  // namespace kvs::protocol
