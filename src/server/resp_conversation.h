// RespConversation: RESP, the Redis protocol, on a connection: commands in, replies out.
//
// Design      A command's row in the table says how to check and execute it. Runs of plain GETs or SETs, as in
//             pipelines, skip the table and go to the engine in one call. A turn holds one shared pass of the gate,
//             except while a command needs an exclusive one.
// Threads, Durability, Limits  As Conversation. A run of GETs stops when the output is full, and the rest is decoded
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "commands/table/command.h"
#include "keyspace/keyspace.h"
#include "net/conversation.h"
#include "net/outbox.h"
#include "protocol/resp_decoder.h"
#include "protocol/resp_writer.h"
#include "server/command_executor.h"
#include "service/client_state.h"
#include "service/server_state.h"
#include "sync/gate.h"

namespace kvs::server {

class RespConversation final : public Conversation {
 public:
  // state, socket: in, outlive the conversation.
  RespConversation(ServerState& state, const ConnectionLimits& limits, int socket, std::shared_ptr<Outbox> outbox);
  ~RespConversation() override;

  Progress Execute(std::string_view input, Replies& replies) override;
  bool may_be_idle() const override { return client_.may_be_idle(); }
  void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) override;
  void AppendRefusal(const Error& error, base::ByteBuffer* out) override;
  std::size_t NoteBuffers(const BufferFigures& figures) override;
  void NoteOutput(std::size_t bytes, std::size_t room) override;

 private:
  struct Run;

  // One Execute().
  struct Turn : CommandTurn {
    Turn(ServerState& server, Replies& turn_replies, std::string_view turn_input, Run& turn_run)
        : CommandTurn(server, turn_replies), input(turn_input), run(turn_run), begin(accounts.last_end()) {}

    std::string_view input;
    Run& run;
    CallAccounts::Clock::time_point begin;  // By the kernel's ticks.
    std::size_t output_bytes_max = 0;       // Of `replies`.
  };

  void ExecuteAll(Turn& turn);
  void ExecuteAlone(const protocol::RespDecoded& decoded, std::size_t begin, Turn& turn);
  bool IsOver(const Turn& turn, std::size_t commands) const;
  bool AddToRun(std::size_t begin, Turn& turn);
  void EndRun(Turn& turn);
  std::size_t PerformGets(Turn& turn);
  bool PerformGet(std::string_view key, Turn& turn);
  void PerformSets(Turn& turn);

  // Constant after construction.
  ServerState& state_;
  const ConnectionLimits limits_;

  protocol::RespDecoder decoder_;
  ClientState client_;
  EngineKeyspace keys_;
  CommandExecutor executor_;
};

}  // namespace kvs::server
