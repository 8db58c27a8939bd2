// Promised: ParseUsage() gives the tree that the line shows to people.
#include "commands/table/usage.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::server {
namespace {

// The tree in one line, to compare: name:type, =token, ? if optional, + if multiple.
std::string Show(const UsageArgument& argument) {
  std::string text = argument.name + ":" + std::string(argument.type);
  if (!argument.token.empty()) text += "=" + argument.token;
  if (argument.is_optional) text += "?";
  if (argument.is_multiple) text += "+";
  for (const UsageArgument& inner : argument.arguments) text += " (" + Show(inner) + ")";
  return text;
}

std::string Show(std::string_view usage) {
  std::string text;
  for (const UsageArgument& argument : ParseUsage(usage)) text += (text.empty() ? "" : ", ") + Show(argument);
  return text;
}

TEST(UsageTest, LinesBecomeTrees) {
  EXPECT_EQ(Show(""), "");
  EXPECT_EQ(Show("key value"), "key:key, value:string");
  EXPECT_EQ(Show("[message]"), "message:string?");
  EXPECT_EQ(Show("key [key ...]"), "key:key+");
  EXPECT_EQ(Show("key value [key value ...]"), "data:block+ (key:key) (value:string)");
  EXPECT_EQ(Show("ON|OFF"), "option:oneof (on:pure-token=ON) (off:pure-token=OFF)");
  EXPECT_EQ(Show("[NX|XX] [GET] [EX seconds|KEEPTTL]"),
            "option:oneof? (nx:pure-token=NX) (xx:pure-token=XX), get:pure-token=GET?, "
            "option:oneof? (seconds:integer=EX) (keepttl:pure-token=KEEPTTL)");
  EXPECT_EQ(Show("[AUTH username password]"), "auth:block=AUTH? (username:string) (password:string)");
  EXPECT_EQ(Show("[ID client-id [client-id ...]]"), "client-id:integer=ID?+");
  EXPECT_EQ(Show("<A a|B b>"), "option:oneof (a:string=A) (b:string=B)");
  EXPECT_EQ(Show("[name [name ...]]"), "name:string?+");
  EXPECT_EQ(Show("[start [end [BYTE|BIT]]]"),
            "data:block? (start:integer) (data:block? (end:integer) "
            "(option:oneof? (byte:pure-token=BYTE) (bit:pure-token=BIT)))");
  EXPECT_EQ(Show("[A a|B b] [operation ...]"), "option:oneof?+ (a:string=A) (b:string=B)");
}

}  // namespace
}  // namespace kvs::server
