// Promised: acknowledged writes survive a clean end, the death of the process at any moment, and a process without
// standard streams. The tests reopen the store and print to closed streams. They also kill a child that reports each
// acknowledgement through a pipe, again and again over one directory.
#include <signal.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "contract/engine_test.h"
#include "support/child_process.h"
#include "support/closed_streams.h"

namespace kvs::test {
namespace {

class DurabilityTest : public EngineTest {};
KVS_FOR_EACH_ENGINE(DurabilityTest);

TEST_P(DurabilityTest, ReopeningKeepsEverything) {
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(CodeOf(engine_->Set(std::to_string(i), std::string(100, 'v'))), "ok");
  for (int i = 0; i < 1'000; i += 3) ASSERT_EQ(CodeOf(engine_->Remove(std::to_string(i))), "ok");
  for (int i = 1; i < 1'000; i += 3) ASSERT_EQ(CodeOf(engine_->Set(std::to_string(i), "second")), "ok");
  for (int round = 0; round < 3; ++round) {
    Reopen();
    for (int i = 0; i < 1'000; ++i) {
      const std::string expected = i % 3 == 0 ? "(absent)" : i % 3 == 1 ? "second" : std::string(100, 'v');
      ASSERT_EQ(Get(std::to_string(i)), expected) << i;
    }
  }
}

TEST_P(DurabilityTest, OpensAgainAsSoonAsItIsClosed) {
  for (int round = 0; round < 60 && !HasFatalFailure(); ++round) {
    for (int i = 0; i < 40; ++i) ASSERT_EQ(CodeOf(engine_->Set(std::to_string(i), std::string(10'000, 'v'))), "ok");
    Reopen();
  }
}

TEST_P(DurabilityTest, SyncSucceedsWithAndWithoutAnythingToDo) {
  EXPECT_EQ(CodeOf(engine_->Sync()), "ok");
  ASSERT_EQ(CodeOf(engine_->Set("key", "value")), "ok");
  EXPECT_EQ(CodeOf(engine_->Sync()), "ok");
  EXPECT_EQ(CodeOf(engine_->Sync()), "ok");
}

TEST_P(DurabilityTest, ClosedStreamsDoNotBecomeFiles) {
  engine_.reset();
  std::string code;
  {
    const ClosedStreams closed;
    auto engine = OpenEngine(GetParam(), directory_.path());
    for (const int stream : {0, 1, 2}) static_cast<void>(!::write(stream, "what is printed", 15));
    code = engine ? CodeOf((*engine)->Set("key", "value")) : engine.error().ToString();
    for (const int stream : {0, 1, 2}) static_cast<void>(!::write(stream, "what is printed", 15));
  }
  ASSERT_EQ(code, "ok");
  Open();
  EXPECT_EQ(Get("key"), "value");
}

// The last number that the writer said.
std::uint32_t LastNumber(const std::string& output) {
  const std::size_t whole = output.size() / sizeof(std::uint32_t);
  std::uint32_t number;
  std::memcpy(&number, output.data() + (whole - 1) * sizeof number, sizeof number);
  return number;
}

TEST_P(DurabilityTest, AcknowledgedWritesSurviveSigkill) {
  engine_.reset();
  std::uint32_t last = 0;
  for (std::size_t round = 0; round < 8; ++round) {
    ChildProcess writer({KVS_CONTRACT_WRITER, GetParam(), directory_.path(), std::to_string(last + 1)});
    ASSERT_TRUE(writer.WaitForOutputBytes((20 + 7 * round) * sizeof last)) << writer.error_output();
    writer.Signal(SIGKILL);
    ASSERT_EQ(writer.Wait(), 128 + SIGKILL);
    last = LastNumber(writer.output());

    Open();
    EXPECT_GE(std::stoul(Get("single")), last);
    for (std::uint32_t i = 1; i <= last; ++i) {
      ASSERT_EQ(Get("left" + std::to_string(i)), std::to_string(i));
      ASSERT_EQ(Get("right" + std::to_string(i)), std::to_string(i));
    }
    const std::string next = std::to_string(last + 1);  // Perhaps written, never acknowledged: whole or not at all.
    EXPECT_EQ(Get("left" + next), Get("right" + next));
    engine_.reset();
  }
}

}  // namespace
}  // namespace kvs::test
