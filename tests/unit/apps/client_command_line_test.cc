// Promised by ParseClientCommandLine(): a key or a value may look like anything, and options come before the key or
// last. An unknown form is refused, never taken for another. The tests try each form.
#include "apps/client_command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace kvs::apps {
namespace {

using testing::HasSubstr;
using Words = std::vector<std::string_view>;
using Command = ClientCommandLine::Command;

// "command key=value @address", or the refused argument.
std::string Parsed(const Words& words) {
  const auto line = ParseClientCommandLine(words);
  if (!line) return line.error().context;
  const std::string address = line->address == Address() ? "" : " @" + line->address.ToString();
  switch (line->command) {
    case Command::kSet: return "set " + line->key + "=" + line->value + address;
    case Command::kGet: return "get " + line->key + address;
    case Command::kRemove: return "rm " + line->key + address;
    case Command::kHelp: return "help";
    case Command::kVersion: return "version";
  }
  return "";
}

constexpr const char* kOdd[] = {"",     "-",         "--",     "-1", "-h",          "--help", "-V",
                                "++",   "--version", "--addr", "@x", "--addr=1:2",  "+",      "set",
                                "a\tb", "--",        "\xff",   "%s", "--unknown=x", "$HOME"};

TEST(ClientCommandLineTest, AddressMayBeBeforeTheKeyOrLast) {
  EXPECT_EQ(Parsed({"set", "k", "v"}), "set k=v");
  EXPECT_EQ(Parsed({"set", "--addr", "127.0.0.1:9", "k", "v"}), "set k=v @127.0.0.1:9");
  EXPECT_EQ(Parsed({"set", "k", "v", "--addr", "127.0.0.1:9"}), "set k=v @127.0.0.1:9");
  EXPECT_EQ(Parsed({"--addr=127.0.0.1:9", "get", "k"}), "get k @127.0.0.1:9");
  EXPECT_EQ(Parsed({"rm", "k", "--addr=127.0.0.1:9"}), "rm k @127.0.0.1:9");
  EXPECT_EQ(Parsed({"get", "k", "--addr", "[::1]:9"}), "get k @[::1]:9");
}

TEST(ClientCommandLineTest, ValueMayLookLikeAnything) {
  for (const std::string odd : kOdd) {
    EXPECT_EQ(Parsed({"set", "k", odd}), "set k=" + odd);
    EXPECT_EQ(Parsed({"set", "k", odd, "--addr", "127.0.0.1:9"}), "set k=" + odd + " @127.0.0.1:9");
    EXPECT_EQ(Parsed({"set", "--addr", "127.0.0.1:9", "k", odd}), "set k=" + odd + " @127.0.0.1:9");
  }
}

TEST(ClientCommandLineTest, KeyAfterTwoDashesMayLookLikeAnything) {
  for (const std::string odd : kOdd) {
    EXPECT_EQ(Parsed({"get", "--", odd}), "get " + odd);
    EXPECT_EQ(Parsed({"rm", "--", odd, "--addr", "127.0.0.1:9"}), "rm " + odd + " @127.0.0.1:9");
    EXPECT_EQ(Parsed({"set", "--", odd, odd}), std::string("set ").append(odd).append("=").append(odd));
  }
}

TEST(ClientCommandLineTest, KeyUnlikeAnOptionNeedsNoDashes) {
  for (const std::string key : {"", "-", "-1", "-V", "++", "@x", "--unknown", "--address"}) {
    EXPECT_EQ(Parsed({"get", key, "--addr", "127.0.0.1:9"}), "get " + key + " @127.0.0.1:9");
  }
  EXPECT_EQ(Parsed({"get", "-h", "--addr", "127.0.0.1:9"}), "get -h @127.0.0.1:9");
  EXPECT_EQ(Parsed({"set", "-h", "v"}), "set -h=v");
}

TEST(ClientCommandLineTest, HelpAndVersionNeedNoCommand) {
  for (const Words& words : {Words{"-h"}, Words{"--help"}, Words{"set", "-h"}, Words{"get", "--help"}}) {
    EXPECT_EQ(Parsed(words), "help");
  }
  EXPECT_EQ(Parsed({"-V"}), "version");
  EXPECT_EQ(Parsed({"--version"}), "version");
  EXPECT_THAT(Parsed({"-V", "extra"}), HasSubstr("extra"));
}

TEST(ClientCommandLineTest, AMissingOrExtraFieldIsNamed) {
  EXPECT_THAT(Parsed({}), HasSubstr("command"));
  EXPECT_THAT(Parsed({"put", "k"}), HasSubstr("put"));
  EXPECT_THAT(Parsed({"--unknown", "get", "k"}), HasSubstr("--unknown"));
  EXPECT_THAT(Parsed({"get"}), HasSubstr("KEY"));
  EXPECT_THAT(Parsed({"get", "--addr", "127.0.0.1:9"}), HasSubstr("KEY"));
  EXPECT_THAT(Parsed({"get", "--"}), HasSubstr("KEY"));
  EXPECT_THAT(Parsed({"set", "k"}), HasSubstr("VALUE"));
  EXPECT_THAT(Parsed({"get", "k", "extra"}), HasSubstr("extra"));
  EXPECT_THAT(Parsed({"get", "k", "--unknown"}), HasSubstr("--unknown"));
  // The value was forgotten: never taken for a set of "--addr".
  EXPECT_THAT(Parsed({"set", "k", "--addr", "127.0.0.1:9"}), HasSubstr("127.0.0.1:9"));
}

TEST(ClientCommandLineTest, WrongAddressIsNamed) {
  for (const char* address : {"", "localhost:1", "127.0.0.1", "127.0.0.1:65536", "::1:1"}) {
    EXPECT_THAT(Parsed({"get", "k", "--addr", address}), testing::AllOf(HasSubstr("--addr"), HasSubstr(address)));
  }
  EXPECT_THAT(Parsed({"get", "k", "--addr"}), HasSubstr("--addr"));
  EXPECT_THAT(Parsed({"get", "--addr=1.1.1.1:1", "k", "--addr=1.1.1.1:2"}), HasSubstr("twice"));
}

}  // namespace
}  // namespace kvs::apps
