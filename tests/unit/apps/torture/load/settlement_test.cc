// Promised: the torture notices a lost write, an older value, a removed key that came back, half a batch, a torn value
// and a hole in the order of one connection; and it accepts every state that a crash may leave.
//
// Attack: a ledger with a few operations in flight, settled with the answers of such a store.
#include "apps/torture/load/settlement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "apps/torture/load/repertoire.h"
#include "base/random.h"

namespace kvs::torture {
namespace {

constexpr std::uint32_t kKeys = 8;
constexpr std::uint32_t kFirst = 2;  // Plain keys: see Ledger::KeyAt().
constexpr std::uint32_t kSecond = 3;

State Generation(std::uint64_t generation) { return {.generation = generation, .bytes = 100}; }

Operation SetOf(std::uint32_t key, std::uint64_t generation) {
  return {.command = Command::kSet, .changes = {{key, Generation(generation)}}};
}

class SettlementTest : public testing::Test {
 protected:
  void Acknowledge(Operation operation) {
    ledger_.Send(std::move(operation));
    ledger_.Acknowledge();
  }

  // The violations of a store that holds exactly `store`.
  std::vector<std::string> Complaints(const std::map<std::uint32_t, State>& store, Rule rule = Rule::kFirstOnes) {
    Settlement settlement(ledger_, rule);
    for (std::uint32_t key = 0; key < kKeys; ++key) {
      const auto found = store.find(key);
      const std::string value = found == store.end() ? "" : ValueOf(ledger_.KeyAt(key), found->second);
      const Window now{UnixMs(), UnixMs()};
      settlement.See(key, found == store.end() ? std::nullopt : std::optional<std::string_view>(value), now);
    }
    std::vector<Violation> violations;
    ledger_.Adopt(settlement.Finish(&violations));
    std::vector<std::string> complaints;
    for (const Violation& violation : violations) complaints.push_back(violation.what);
    return complaints;
  }

  Ledger ledger_{0, kKeys};
};

TEST_F(SettlementTest, AcknowledgedWriteMustBeThere) {
  Acknowledge(SetOf(kFirst, 1));
  EXPECT_THAT(Complaints({}), testing::ElementsAre("a wrong value"));
}

TEST_F(SettlementTest, OlderValueIsWrong) {
  Acknowledge(SetOf(kFirst, 1));
  Acknowledge(SetOf(kFirst, 2));
  EXPECT_THAT(Complaints({{kFirst, Generation(1)}}), testing::ElementsAre("a wrong value"));
}

TEST_F(SettlementTest, RemovedKeyMustNotComeBack) {
  Acknowledge(SetOf(kFirst, 1));
  Acknowledge({.command = Command::kRemove, .changes = {{kFirst, {}}}});
  EXPECT_THAT(Complaints({{kFirst, Generation(1)}}), testing::ElementsAre("a wrong value"));
}

TEST_F(SettlementTest, TornValueIsWrong) {
  Acknowledge(SetOf(kFirst, 1));
  Settlement settlement(ledger_, Rule::kFirstOnes);
  std::string value = ValueOf(ledger_.KeyAt(kFirst), Generation(1));
  value.back() = static_cast<char>(value.back() + 1);
  settlement.See(kFirst, value, {0, 0});
  std::vector<Violation> violations;
  settlement.Finish(&violations);
  ASSERT_EQ(violations.size(), 1U);
  EXPECT_THAT(violations[0].found, testing::HasSubstr("NOT a value"));
}

TEST_F(SettlementTest, UnansweredWriteMayBeThereOrNot) {
  Acknowledge(SetOf(kFirst, 1));
  ledger_.Send(SetOf(kFirst, 2));
  const Ledger before = ledger_;
  EXPECT_THAT(Complaints({{kFirst, Generation(1)}}), testing::IsEmpty());
  ledger_ = before;
  EXPECT_THAT(Complaints({{kFirst, Generation(2)}}), testing::IsEmpty());
  EXPECT_THAT(Complaints({{kFirst, Generation(1)}}), testing::ElementsAre("a wrong value")) << "it was seen before";
}

TEST_F(SettlementTest, LaterWriteWithoutEarlierOneIsWrong) {
  ledger_.Send(SetOf(kFirst, 1));
  ledger_.Send(SetOf(kSecond, 2));
  const Ledger before = ledger_;
  EXPECT_THAT(Complaints({{kSecond, Generation(2)}}), testing::ElementsAre(testing::HasSubstr("no moment")));
  ledger_ = before;
  EXPECT_THAT(Complaints({{kSecond, Generation(2)}}, Rule::kAnyOfThem), testing::IsEmpty());
}

TEST_F(SettlementTest, HalfOfABatchIsWrong) {
  for (const Rule rule : {Rule::kFirstOnes, Rule::kAnyOfThem}) {
    ledger_.Clear();
    ledger_.Send({.command = Command::kSetMany, .changes = {{kFirst, Generation(1)}, {kSecond, Generation(2)}}});
    const Ledger before = ledger_;
    EXPECT_EQ(Complaints({{kFirst, Generation(1)}}, rule).size(), 1U);
    ledger_ = before;
    EXPECT_THAT(Complaints({{kFirst, Generation(1)}, {kSecond, Generation(2)}}, rule), testing::IsEmpty());
    ledger_ = before;
    EXPECT_THAT(Complaints({}, rule), testing::IsEmpty());
  }
}

TEST_F(SettlementTest, ExpiredPairMustBeGone) {
  State state = Generation(1);
  state.ttl_ms = 1'000;
  state.gone_from_ms = UnixMs() - 60'000;
  ledger_.Adopt(std::vector<State>(kKeys));
  state.gone_by_ms = state.gone_from_ms;
  std::vector<State> states(kKeys);
  states[1] = state;
  ledger_.Adopt(states);
  EXPECT_THAT(Complaints({}), testing::IsEmpty());
  ledger_.Adopt(states);
  EXPECT_THAT(Complaints({{1, state}}), testing::ElementsAre("a wrong value"));
  states[1].gone_from_ms = states[1].gone_by_ms = UnixMs() + 60'000;
  ledger_.Adopt(states);
  EXPECT_THAT(Complaints({}), testing::ElementsAre("a wrong value")) << "too early";
}

TEST(RepertoireTest, WrongAnswersAreNoticed) {
  Ledger ledger(0, kKeys);
  ledger.Send(SetOf(kFirst, 1));
  EXPECT_FALSE(CheckReply(ledger, ledger.front(), "+OK\r\n"));
  EXPECT_TRUE(CheckReply(ledger, ledger.front(), "+QUEUED\r\n"));
  ledger.Acknowledge();
  ledger.Send({.command = Command::kGet, .changes = {{kFirst, {}}}});
  EXPECT_TRUE(CheckReply(ledger, ledger.front(), "$-1\r\n"));
  EXPECT_TRUE(CheckReply(ledger, ledger.front(), "-ERR\r\n"));
  ledger.Acknowledge();
  ledger.Send({.command = Command::kRemove, .changes = {{kFirst, {}}}});
  EXPECT_TRUE(CheckReply(ledger, ledger.front(), ":0\r\n"));
  EXPECT_FALSE(CheckReply(ledger, ledger.front(), ":1\r\n"));
}

TEST(RepertoireTest, RefusedTransactionIsRefusedAsAWhole) {
  EXPECT_EQ(RefusalIn("-MISCONF no space\r\n"), "-MISCONF no space\r\n");
  EXPECT_EQ(RefusalIn("*2\r\n:0\r\n-MISCONF no space\r\n"), "-MISCONF no space\r\n");
  EXPECT_EQ(RefusalIn("*2\r\n+OK\r\n-MISCONF no space\r\n"), std::nullopt);
  EXPECT_EQ(RefusalIn("*2\r\n+OK\r\n:1\r\n"), std::nullopt);
}

}  // namespace
}  // namespace kvs::torture
