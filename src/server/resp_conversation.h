// RespConversation: RESP, the Redis protocol, on a connection: commands in, replies out.
//
// Design      Each command is looked up in the table, whose row says what to check and how to run it. Runs of plain
//             GETs and SETs, as pipelines bring them, skip that and go down to the engine in one call. What may run
//             beside others does so under one shared pass of the gate for the whole turn; what must be alone, alone.
// Threads, Durability, Limits  As Conversation. A run of GETs stops where the output is full, and the rest is read
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "commands/clients/observing.h"
#include "commands/table/command.h"
#include "keyspace/keyspace.h"
#include "net/conversation.h"
#include "net/outbox.h"
#include "protocol/resp_decoder.h"
#include "protocol/resp_writer.h"
#include "service/client_state.h"
#include "service/server_state.h"
#include "sync/gate.h"

namespace kvs::server {

class RespConversation final : public Conversation {
 public:
  // `state` and `socket` outlive the conversation.
  RespConversation(ServerState& state, const ConnectionLimits& limits, int socket, std::shared_ptr<Outbox> outbox);
  ~RespConversation() override;

  Progress Execute(std::string_view input, Replies& replies) override;
  bool is_expected() const override { return client_.is_expected(); }
  void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) override;
  void AppendRefusal(const Error& error, base::ByteBuffer* out) override;
  std::size_t NoteBuffers(const BufferFigures& figures) override;

 private:
  struct Run;

  // Calls of one command that are timed together, until another command comes.
  struct Timed {
    const CommandSpec* spec = nullptr;
    std::uint64_t calls = 0;
    ClientState::Clock::time_point since = ClientState::Clock::now();
  };

  // One Execute().
  struct Turn {
    Replies& replies;
    std::string_view input;
    Run& run;
    protocol::RespWriter reply;
    sync::Gate::Shared pass;
    ClientState::Clock::time_point begin;  // By the kernel's ticks.
    ClientState::Clock::time_point now;    // After the last command.
    std::size_t output_bytes_max;          // Of `replies`.
    std::uint32_t observed = 0;            // The bits of Observers.
    Timed timed{};
    TurnCounts counts{};
    Progress progress{};
  };

  void ExecuteAll(Turn& turn);
  bool IsOver(const Turn& turn, std::size_t commands) const;
  bool AddToRun(std::size_t begin, Turn& turn);
  void EndRun(Turn& turn);
  std::size_t PerformGets(Turn& turn);
  void BeginCall(const CommandSpec& spec, Turn& turn);
  void EndTimed(Turn& turn);
  void FailInRun(const CommandSpec& spec, const Error& error, Access access, Turn& turn);
  bool PerformGet(std::string_view key, Turn& turn);
  void PerformSets(Turn& turn);
  void Dispatch(Turn& turn);
  const CommandSpec* Admit(std::span<const std::string_view> arguments, Turn& turn);
  void Reject(std::string_view text, Turn& turn);
  void Queue(const CommandSpec& spec, std::span<const std::string_view> arguments, Turn& turn);
  void Perform(const CommandSpec& spec, std::span<const std::string_view> arguments, Turn& turn);
  bool HasToPause(Turn& turn);
  bool EndBlock(Turn& turn);
  bool GoOn(Turn& turn);
  ClientState::Clock::duration Passed(Turn& turn);
  std::size_t PublishEvents(const CommandSpec& spec, std::size_t begin, Turn& turn);
  void Settle(std::size_t begin, std::uint32_t count, Turn& turn);
  Caller caller() const { return {.socket = client_.socket, .name = client_.name}; }
  bool is_stranger() const { return !client_.is_authenticated && state_.config.has_password(); }

  // Constant after construction.
  ServerState& state_;
  const ConnectionLimits limits_;

  protocol::RespDecoder decoder_;
  ClientState client_;
  EngineKeyspace keys_;
};

}  // namespace kvs::server
