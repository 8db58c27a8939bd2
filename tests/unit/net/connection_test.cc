// Promised: input bytes become answers, in order, however the input is split. The limits hold. No answer remains that a
// failed sync has made false. A connection has no I/O, so the tests hand it bytes and read its answers.
#include "net/connection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <vector>

#include "base/coding.h"
#include "support/failing_memory.h"
#include "support/frame_client.h"
#include "support/memory_engine.h"
#include "support/served_connection.h"

namespace kvs::server {
namespace {

using test::Answer;
using test::GetFrame;
using test::PingFrame;
using test::RemoveFrame;
using test::SetFrame;
using test::SyncFrame;

constexpr ConnectionLimits kLimits{.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20};

// Takes all answers, as a client that reads would.
std::vector<Answer> TakeAnswers(Connection& connection) {
  std::vector<Answer> answers;
  std::string_view output = connection.output();
  while (!output.empty()) {
    const auto decoded = protocol::DecodeResponse(output);
    EXPECT_EQ(decoded.status, protocol::ResponseStatus::kResponse);
    if (decoded.status != protocol::ResponseStatus::kResponse) break;
    const protocol::Response& r = decoded.response;
    answers.push_back({r.request_id, r.status, r.has_value, r.is_closing, std::string(r.payload)});
    output.remove_prefix(decoded.consumed_bytes);
  }
  connection.Sent(connection.output().size());
  return answers;
}

class ConnectionTest : public testing::Test {
 protected:
  test::MemoryEngine engine_;
  ServerState state_{engine_};
  ServerState syncing_{engine_, {.sync_before_reply = true}};
};

TEST_F(ConnectionTest, RequestsAreAnsweredInTheirOrder) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(PingFrame(1) + GetFrame(2, "k") + SetFrame(3, "k", "v") + GetFrame(4, "k") + RemoveFrame(5, "k") +
                     RemoveFrame(6, "k"));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 6U);
  for (std::uint32_t i = 0; i < 6; ++i) EXPECT_EQ(answers[i].request_id, i + 1);
  EXPECT_TRUE(answers[0].is_ok());
  EXPECT_TRUE(answers[1].is_ok() && !answers[1].has_value);
  EXPECT_TRUE(answers[2].is_ok() && !answers[2].has_value);
  EXPECT_TRUE(answers[3].is_ok() && answers[3].has_value);
  EXPECT_EQ(answers[3].payload, "v");
  EXPECT_TRUE(answers[4].is_ok());
  EXPECT_TRUE(answers[5].is(ErrorCode::kKeyNotFound));
}

// Each allocation in turn fails: the client is dropped, or told, and all given answers hold.
TEST_F(ConnectionTest, AWantOfMemoryDropsTheClientOrIsAnError) {
  const std::string requests = SetFrame(1, std::string(100, 'k'), std::string(1'000, 'v')) + PingFrame(2);
  int drops = 0;
  for (int after = 0;; ++after) {
    test::ServedConnection connection(state_, kLimits);
    {
      const test::FailingMemory memory(after);
      connection.Receive(requests);
    }
    if (!test::FailingMemory::has_failed()) break;
    drops += connection.is_dropped() ? 1 : 0;
    if (connection.is_dropped()) continue;
    for (const Answer& answer : TakeAnswers(connection)) {
      EXPECT_TRUE(answer.is_ok() || answer.is(ErrorCode::kOverloaded)) << after << ": " << answer.payload;
    }
  }
  EXPECT_GT(drops, 0);
}

TEST_F(ConnectionTest, AnySplitGivesTheSameAnswers) {
  const std::string stream = SetFrame(1, "key", "value") + GetFrame(2, "key") + RemoveFrame(3, "key") + PingFrame(4);
  test::ServedConnection whole(state_, kLimits);
  whole.Receive(stream);
  const std::string expected(whole.output());
  for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
    test::ServedConnection connection(state_, kLimits);
    connection.Receive(stream.substr(0, cut));
    connection.Receive(stream.substr(cut));
    ASSERT_EQ(connection.output(), expected) << "cut at " << cut;
  }
}

TEST_F(ConnectionTest, NothingIsHeldInMemoryBetweenRequests) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(SetFrame(1, "key", std::string(100'000, 'v')) + GetFrame(2, "key"));
  TakeAnswers(connection);
  EXPECT_EQ(connection.buffer_bytes(), 0U);
}

TEST_F(ConnectionTest, ADeclaredSizeCostsNothingUntilItsBytesArrive) {
  test::ServedConnection connection(state_, {.request_bytes_max = std::size_t{1} << 30, .output_bytes_max = 1 << 20});
  std::string header = SetFrame(1, "", "");
  base::PutFixed32(&header[12], 512U << 20);
  connection.Receive(header);
  EXPECT_LE(connection.buffer_bytes(), 1'024U);
  connection.Receive(std::string(10'000, 'v'));
  EXPECT_LE(connection.buffer_bytes(), 2 * 10'016U);
}

TEST_F(ConnectionTest, AnUnknownOpcodeIsAnsweredAndTheConnectionLives) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(test::Frame(static_cast<protocol::Opcode>(99), 1, "a", "b") +
                     test::Frame(static_cast<protocol::Opcode>(0), 2) + PingFrame(3));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 3U);
  EXPECT_TRUE(answers[0].is(ErrorCode::kUnsupported) && !answers[0].is_closing);
  EXPECT_TRUE(answers[1].is(ErrorCode::kUnsupported));
  EXPECT_TRUE(answers[2].is_ok());
}

TEST_F(ConnectionTest, ARequestWithAnUnexpectedPartIsRefused) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(SetFrame(1, "key", "value") + test::Frame(protocol::Opcode::kRemove, 2, "key", "value") +
                     test::Frame(protocol::Opcode::kPing, 3, "key") + GetFrame(4, "key"));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 4U);
  EXPECT_TRUE(answers[1].is(ErrorCode::kInvalidArgument));
  EXPECT_TRUE(answers[2].is(ErrorCode::kInvalidArgument));
  EXPECT_EQ(answers[3].payload, "value");
}

TEST_F(ConnectionTest, AMalformedFrameIsAnsweredInOrderAndEndsInput) {
  test::ServedConnection connection(state_, kLimits);
  std::string wrong = PingFrame(2);
  wrong[1] = 9;
  connection.Receive(PingFrame(1) + wrong + PingFrame(3));
  EXPECT_TRUE(connection.is_closing());
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.is_finished());
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0].is_ok());
  EXPECT_TRUE(answers[1].is(ErrorCode::kProtocol) && answers[1].is_closing);
  EXPECT_TRUE(connection.is_finished());
}

TEST_F(ConnectionTest, ARequestOverTheLimitIsRefusedOnItsHeader) {
  test::ServedConnection connection(state_, {.request_bytes_max = 16 + 8, .output_bytes_max = 1 << 20});
  connection.Receive(SetFrame(1, "1234", "5678"));
  connection.Receive(SetFrame(2, "1234", "56789").substr(0, 16));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[0].is_ok());
  EXPECT_TRUE(answers[1].is(ErrorCode::kInvalidArgument) && answers[1].is_closing);
  EXPECT_EQ(answers[1].request_id, 2U);
}

TEST_F(ConnectionTest, TheFirstByteChoosesTheProtocol) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive("*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(connection.output(), "+PONG\r\n");
  EXPECT_FALSE(connection.is_closing());
}

TEST_F(ConnectionTest, ANativeClientCannotGiveThePasswordAndIsRefused) {
  ServerState guarded(engine_, {.password = "secret"});
  test::ServedConnection connection(guarded, kLimits);
  connection.Receive(GetFrame(1, "k"));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_TRUE(answers[0].is(ErrorCode::kUnsupported) && answers[0].is_closing);
  EXPECT_TRUE(connection.is_closing());
}

TEST_F(ConnectionTest, AClientThatDoesNotReadIsNotExecutedFor) {
  test::ServedConnection connection(state_, {.request_bytes_max = 1 << 20, .output_bytes_max = 10'000});
  ASSERT_TRUE(engine_.Set("k", std::string(1'000, 'v')).has_value());
  std::string stream;
  for (std::uint32_t id = 0; id < 100; ++id) stream += GetFrame(id, "k");
  connection.Receive(stream);
  EXPECT_LE(connection.output().size(), 10'000U + 1'012U);
  EXPECT_FALSE(connection.wants_input());
  EXPECT_FALSE(connection.can_resume());

  std::vector<Answer> answers = TakeAnswers(connection);
  while (connection.can_resume()) {
    connection.Resume();
    for (Answer& answer : TakeAnswers(connection)) answers.push_back(std::move(answer));
  }
  ASSERT_EQ(answers.size(), 100U);
  for (std::uint32_t id = 0; id < 100; ++id) EXPECT_EQ(answers[id].request_id, id);
  EXPECT_TRUE(connection.wants_input());
}

TEST_F(ConnectionTest, ATurnIsBoundedAndTheRestRunsLater) {
  test::ServedConnection connection(
      state_, {.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20, .requests_per_turn = 10});
  std::string stream;
  for (std::uint32_t id = 0; id < 25; ++id) stream += PingFrame(id);
  connection.Receive(stream);
  EXPECT_EQ(TakeAnswers(connection).size(), 10U);
  EXPECT_TRUE(connection.can_resume());
  EXPECT_FALSE(connection.wants_input());
  connection.Resume();
  EXPECT_EQ(TakeAnswers(connection).size(), 10U);
  connection.Resume();
  EXPECT_EQ(TakeAnswers(connection).size(), 5U);
  EXPECT_FALSE(connection.can_resume());
}

TEST_F(ConnectionTest, ATurnEndsAfterItsTimeAndItsBytes) {
  ASSERT_TRUE(engine_.Set("k", std::string(1'000, 'v')).has_value());
  ConnectionLimits late = kLimits;
  late.turn_time = std::chrono::milliseconds(0);
  ConnectionLimits full = kLimits;
  full.output_bytes_per_turn = 5'000;
  std::string stream;
  for (std::uint32_t id = 0; id < 100; ++id) stream += GetFrame(id, "k");
  for (const ConnectionLimits& limits : {late, full}) {
    test::ServedConnection connection(state_, limits);
    connection.Receive(stream);
    std::size_t answers = 0;
    std::size_t turns = 1;
    for (; connection.can_resume(); ++turns) {
      answers += TakeAnswers(connection).size();
      connection.Resume();
    }
    EXPECT_EQ(answers + TakeAnswers(connection).size(), 100U);
    EXPECT_GT(turns, 5U);
  }
}

TEST_F(ConnectionTest, AClientThatHasFinishedSendingGetsAllItsAnswers) {
  test::ServedConnection connection(
      state_, {.request_bytes_max = 1 << 20, .output_bytes_max = 1 << 20, .requests_per_turn = 1});
  connection.Receive(PingFrame(1) + PingFrame(2) + PingFrame(3).substr(0, 7));
  connection.ReceiveEnd();
  EXPECT_EQ(TakeAnswers(connection).size(), 1U);
  EXPECT_FALSE(connection.is_finished());
  connection.Resume();
  EXPECT_EQ(TakeAnswers(connection).size(), 1U);
  connection.Resume();  // Finds half a request, which will never be whole.
  EXPECT_TRUE(connection.is_finished());
}

TEST_F(ConnectionTest, WritesAreUnsettledOnlyIfAnswersAwaitTheSync) {
  test::ServedConnection direct(state_, kLimits);
  direct.Receive(SetFrame(1, "k", "v"));
  EXPECT_FALSE(direct.has_unsettled_writes());

  test::ServedConnection syncing(syncing_, kLimits);
  syncing.Receive(GetFrame(1, "k") + RemoveFrame(2, "absent"));
  EXPECT_FALSE(syncing.has_unsettled_writes());
  syncing.Receive(SetFrame(3, "k", "v"));
  EXPECT_TRUE(syncing.has_unsettled_writes());
  syncing.SettleWrites(Ok());
  EXPECT_FALSE(syncing.has_unsettled_writes());
  EXPECT_EQ(TakeAnswers(syncing).size(), 3U);
}

TEST_F(ConnectionTest, ASyncRequestIsUnsettledInAnyCase) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive(SyncFrame(1));
  EXPECT_TRUE(connection.has_unsettled_writes());
  connection.SettleWrites(Error{.code = ErrorCode::kPoisoned});
  EXPECT_TRUE(TakeAnswers(connection).at(0).is(ErrorCode::kPoisoned));
}

TEST_F(ConnectionTest, AFailedSyncFailsExactlyTheSuccessfulWrites) {
  test::ServedConnection connection(syncing_, kLimits);
  connection.Receive(PingFrame(1) + SetFrame(2, "k", "value") + GetFrame(3, "k") + SetFrame(4, "l", "w") +
                     RemoveFrame(5, "absent") + RemoveFrame(6, "k") + GetFrame(7, "k") + SyncFrame(8));
  connection.SettleWrites(Error{.code = ErrorCode::kIo, .sys_errno = EIO, .context = "fdatasync"});
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 8U);
  for (std::uint32_t i = 0; i < 8; ++i) EXPECT_EQ(answers[i].request_id, i + 1);
  for (const std::size_t write : {1U, 3U, 5U, 7U}) {
    EXPECT_TRUE(answers[write].is(ErrorCode::kIo)) << write;
    EXPECT_EQ(answers[write].payload, "fdatasync: Input/output error");
  }
  EXPECT_TRUE(answers[0].is_ok());
  EXPECT_EQ(answers[2].payload, "value");
  EXPECT_TRUE(answers[4].is(ErrorCode::kKeyNotFound));
  EXPECT_TRUE(answers[6].is_ok() && !answers[6].has_value);
}

// Finds out that a value is damaged after it has shown it.
class LateErrorEngine final : public test::MemoryEngine {
 public:
  Result<bool> Read(std::string_view, ValueVisitor visit) override {
    visit("damaged");
    return Error{.code = ErrorCode::kCorruption, .context = "checksum"};
  }
};

TEST(ConnectionErrorTest, AValueThatTheEngineTakesBackIsNeverSent) {
  LateErrorEngine engine;
  ServerState state(engine);
  test::ServedConnection connection(state, kLimits);
  connection.Receive(PingFrame(1) + GetFrame(2, "k"));
  const auto answers = TakeAnswers(connection);
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_TRUE(answers[1].is(ErrorCode::kCorruption));
  EXPECT_EQ(answers[1].payload, "checksum");
}

TEST_F(ConnectionTest, TheLogNamesTheReasonForADroppedClient) {
  test::ServedConnection connection(state_, kLimits);
  connection.Receive("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$200000\r\n" + std::string(100'000, 'v'));
  ASSERT_FALSE(connection.is_dropped());
  state_.client_memory.set_limit(20'000);
  EXPECT_TRUE(connection.is_dropped());
  EXPECT_EQ(connection.drop_reason(), "needed more memory than client-memory-limit leaves it");
}

}  // namespace
}  // namespace kvs::server
