// Promised: any split of a stream gives the same commands, and the decoder reads no byte after its input. Limits are
// enforced before the forbidden bytes arrive. Errors have the words of Redis.
#include "protocol/resp_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/exact_block.h"

namespace kvs::protocol {
namespace {

using Words = std::vector<std::string>;

constexpr RespLimits kLimits{.command_bytes_max = 1 << 20, .bulk_bytes_max = 512 << 10};

struct Outcome {
  std::vector<Words> commands{};
  std::string complaint{};

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// Feeds the pieces as a connection would: bytes that are not consumed are offered again, with the next ones.
Outcome Decode(const std::vector<std::string_view>& pieces, const RespLimits& limits = kLimits,
               bool is_unauthenticated = false) {
  Outcome outcome;
  RespDecoder decoder(limits);
  decoder.set_is_unauthenticated(is_unauthenticated);
  std::string pending;
  for (const std::string_view piece : pieces) {
    pending += piece;
    while (outcome.complaint.empty()) {
      const test::ExactBlock block(pending);
      const RespDecoded decoded = decoder.Decode(block.view());
      if (decoded.status == RespStatus::kViolation) outcome.complaint = decoded.complaint;
      if (decoded.status != RespStatus::kCommand) break;
      EXPECT_GT(decoded.consumed_bytes, 0U);
      const auto arguments = decoder.arguments();
      if (!arguments.empty()) outcome.commands.emplace_back(arguments.begin(), arguments.end());
      pending.erase(0, decoded.consumed_bytes);
    }
  }
  return outcome;
}

std::string ComplaintAbout(std::string_view stream, bool is_unauthenticated = false) {
  return Decode({stream}, kLimits, is_unauthenticated).complaint;
}

TEST(RespDecoderTest, CommandsAreArraysOfBulksOrLines) {
  const std::string zero("a\0\r\n", 4);
  const Outcome outcome =
      Decode({"*2\r\n$3\r\nGET\r\n$4\r\n" + zero + "\r\nPING hello\r\n*1\r\n$0\r\n\r\n  set  a\tb \n"});
  EXPECT_EQ(outcome.commands, (std::vector<Words>{{"GET", zero}, {"PING", "hello"}, {""}, {"set", "a", "b"}}));
  EXPECT_EQ(outcome.complaint, "");
}

TEST(RespDecoderTest, AnySplitGivesTheSameCommands) {
  const std::string stream =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nv\r\nv\r\r\n\r\n*0\r\nGET \"a\\x41 "
      "b\"\r\n*-1\r\n*1\r\n$4\r\nPING\r\n$bad\r\n*1\r\n:1";
  const Outcome whole = Decode({stream});
  EXPECT_EQ(whole.commands.size(), 4U);
  EXPECT_EQ(whole.complaint, "Protocol error: expected '$', got ':'");
  for (std::size_t first = 0; first <= stream.size(); ++first) {
    for (std::size_t second = first; second <= stream.size(); ++second) {
      const std::string_view view = stream;
      ASSERT_EQ(Decode({view.substr(0, first), view.substr(first, second - first), view.substr(second)}), whole)
          << first << " " << second;
    }
  }
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < stream.size(); ++i) bytes.push_back(std::string_view(stream).substr(i, 1));
  EXPECT_EQ(Decode(bytes), whole);
}

TEST(PeekRespKeyTest, TheKeyIsTheFirstArgument) {
  const std::string stream = "*2\r\n$3\r\nGET\r\n$5\r\nk\r\ney\r\n*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$1\r\ny\r\n";
  for (std::size_t bytes = 0; bytes <= stream.size(); ++bytes) {
    const test::ExactBlock block(std::string_view(stream).substr(0, bytes));
    const std::string_view key = PeekRespKey(block.view());
    EXPECT_EQ(key, bytes < 24 ? "" : "k\r\ney") << bytes;
  }
  EXPECT_EQ(PeekRespKey("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$9\r\nunfini"), "x");
  EXPECT_EQ(PeekRespKey("*2\r\n$3\r\nGET\r\n$0\r\n\r\n"), "");
}

TEST(PeekRespKeyTest, OtherInputHasNone) {
  for (const char* input :
       {"", "PING hello\r\n", "*1\r\n$4\r\nPING\r\n", "*2\r\n$-1\r\n", "*-1\r\n", "*2\r\n:3\r\n",
        "*2\r\n$3\r\nGET\r\n:4\r\n", "*2\r\n$3\r\nGET\r\n$9999999\r\nkey\r\n", "*2\r\n$9999999\r\n"}) {
    const test::ExactBlock block(input);
    EXPECT_EQ(PeekRespKey(block.view()), "") << input;
  }
}

TEST(RespDecoderTest, QuotedWordsAreAsRedisReadsThem) {
  const auto words = [](std::string_view line) {
    const Outcome outcome = Decode({std::string(line) + "\r\n"});
    return outcome.commands.empty() ? Words{outcome.complaint} : outcome.commands.front();
  };
  EXPECT_EQ(words(R"(a "b c" 'd e')"), (Words{"a", "b c", "d e"}));
  EXPECT_EQ(words(R"("\n\r\t\b\a\\\"\q")"), (Words{"\n\r\t\b\a\\\"q"}));
  EXPECT_EQ(words(R"("\x41\x4" "\xZZ")"), (Words{"Ax4", "xZZ"}));
  EXPECT_EQ(words(R"('it\'s \n')"), (Words{"it's \\n"}));
  EXPECT_EQ(words(R"("")"), (Words{""}));
  EXPECT_EQ(words(R"(ab"c d")"), (Words{"abc d"}));
  const Words unbalanced = {"Protocol error: unbalanced quotes in request"};
  for (const char* line : {"\"a", "'a", "\"a\"b", "'a'b", "\"a\\\"", "a \""})
    EXPECT_EQ(words(line), unbalanced) << line;
}

TEST(RespDecoderTest, ViolationsAreNamedAsRedisNamesThem) {
  EXPECT_EQ(ComplaintAbout("*x\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ComplaintAbout("*01\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ComplaintAbout("*2147483648\r\n"), "Protocol error: invalid multibulk length");
  EXPECT_EQ(ComplaintAbout("*1\r\nPING"), "Protocol error: expected '$', got 'P'");
  EXPECT_EQ(ComplaintAbout("*1\r\n$-1\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ComplaintAbout("*1\r\n$\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ComplaintAbout("*1\r\n$524289\r\n"), "Protocol error: invalid bulk length");
  EXPECT_EQ(ComplaintAbout("*" + std::string(65'536, '1')), "Protocol error: too big mbulk count string");
  EXPECT_EQ(ComplaintAbout("*1\r\n$" + std::string(65'536, '1')), "Protocol error: too big bulk count string");
  EXPECT_EQ(ComplaintAbout(std::string(65'537, 'x')), "Protocol error: too big inline request");
  EXPECT_EQ(ComplaintAbout(std::string(65'536, 'x')), "");
}

TEST(RespDecoderTest, APayloadLongerThanItsLengthIsRefused) {
  EXPECT_EQ(ComplaintAbout("*1\r\n$4\r\nPINGxx"), "Protocol error: expected CRLF behind a bulk");
  EXPECT_EQ(ComplaintAbout("*1\rx$4\r\nPING\r\n"), "Protocol error: invalid multibulk length");
}

TEST(RespDecoderTest, AnUnauthenticatedClientMayDeclareLittle) {
  EXPECT_EQ(ComplaintAbout("*11\r\n", true), "Protocol error: unauthenticated multibulk length");
  EXPECT_EQ(ComplaintAbout("*1\r\n$16385\r\n", true), "Protocol error: unauthenticated bulk length");
  EXPECT_EQ(ComplaintAbout("*10\r\n$16384\r\n", true), "");
  const std::string bulk = "$16000\r\n" + std::string(16'000, 'x') + "\r\n";
  EXPECT_EQ(ComplaintAbout("*10\r\n" + bulk + bulk + bulk + "$16000\r\n", true), "");
  EXPECT_EQ(ComplaintAbout("*10\r\n" + bulk + bulk + bulk + bulk + "$16000\r\n", true),
            "Protocol error: unauthenticated command length");
}

TEST(RespDecoderTest, ACommandOverTheLimitIsRefusedOnItsLengths) {
  const RespLimits limits{.command_bytes_max = 1'000, .bulk_bytes_max = 800};
  EXPECT_EQ(Decode({"*2\r\n$800\r\n"}, limits).complaint, "");
  const std::string first = "*2\r\n$500\r\n" + std::string(500, 'x') + "\r\n";
  EXPECT_EQ(Decode({first + "$500\r\n"}, limits).complaint,
            "Protocol error: the command is larger than this server is set to take");
  std::string empty_ones = "*1000\r\n";
  for (int i = 0; i < 1'000; ++i) empty_ones += "$0\r\n\r\n";
  EXPECT_THAT(Decode({empty_ones}, limits).complaint, testing::HasSubstr("larger than this server"));
}

TEST(RespDecoderTest, AViolationIsForGoodUnlessTheInputIsOfferedAgain) {
  RespDecoder decoder(kLimits);
  EXPECT_EQ(decoder.Decode("*x\r\n").status, RespStatus::kViolation);
  EXPECT_EQ(decoder.Decode("PING\r\n").status, RespStatus::kViolation);
  decoder.Forget();
  EXPECT_EQ(decoder.Decode("PING\r\n").status, RespStatus::kCommand);
}

TEST(RespDecoderTest, ACommandInTheMakingIsNotReadAgain) {
  // A million arguments in pieces of one: quadratic work would not end.
  constexpr int kArguments = 300'000;
  RespDecoder decoder({.command_bytes_max = 64 << 20, .bulk_bytes_max = 1 << 20});
  std::string input = "*" + std::to_string(kArguments) + "\r\n";
  for (int i = 0; i < kArguments; ++i) {
    ASSERT_EQ(decoder.Decode(input).status, RespStatus::kNeedMore);
    input += "$3\r\nabc\r\n";
  }
  ASSERT_EQ(decoder.Decode(input).status, RespStatus::kCommand);
  EXPECT_EQ(decoder.arguments().size(), static_cast<std::size_t>(kArguments));
}

}  // namespace
}  // namespace kvs::protocol
