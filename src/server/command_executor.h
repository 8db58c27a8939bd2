// CommandExecutor: executes the single commands of a RESP client: checks each, queues it in a transaction, takes an
// exclusive pass, tracks its keys, publishes its events, and marks replies that wait for a sync.
//
// Design      The conversation decodes commands, and executes runs of GETs or SETs itself. All other commands come
//             here. EXEC executes its commands through CallAccounts too.
// Threads     One thread at a time, under the pass of its turn.
// Ownership   All arguments outlive it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "commands/execution/call_accounts.h"
#include "commands/table/command.h"
#include "keyspace/keyspace.h"
#include "net/conversation.h"
#include "protocol/resp_writer.h"
#include "service/client_state.h"
#include "service/server_state.h"
#include "sync/gate.h"

namespace kvs::server {

// One turn of a client, as its commands see it.
struct CommandTurn {
  CommandTurn(ServerState& server, Replies& turn_replies)
      : replies(turn_replies), reply(&turn_replies.bytes), pass(server.gate), accounts(server, counts) {}

  Replies& replies;
  protocol::RespWriter reply;
  sync::Gate::Shared pass;
  TurnCounts counts{};
  CallAccounts accounts;
  Conversation::Progress progress{};
};

class CommandExecutor {
 public:
  using Arguments = std::span<const std::string_view>;  // The name first.

  CommandExecutor(ServerState& server, ClientState& client, EngineKeyspace& keys, std::size_t queue_bytes_max)
      : server_(server), client_(client), keys_(keys), queue_bytes_max_(queue_bytes_max) {}

  // Replies, unless the command blocks or continues in a later turn: see turn.progress.
  void Execute(Arguments arguments, CommandTurn& turn);

  // Whether the command waits for the end of a pause. A command that would be rejected does not wait.
  bool HasToPause(Arguments arguments, CommandTurn& turn);
  // Replies to the command that blocks the client. False: the client stays blocked.
  bool EndBlock(CommandTurn& turn);
  // Executes the next part of an unfinished command. True: it has replied.
  bool GoOn(CommandTurn& turn);

  // The client has not given the password yet, and the server has one.
  bool is_unauthenticated() const { return !client_.is_authenticated && server_.config.has_password(); }
  Caller caller() const { return {.socket = client_.socket, .name = client_.name}; }

 private:
  const CommandSpec* Admit(Arguments arguments, CommandTurn& turn);
  std::string RefusalOf(const CommandSpec& spec, Arguments arguments, CommandTurn& turn) const;
  void Reject(const CommandSpec& spec, std::string text, CommandTurn& turn);
  void RejectUnknown(std::string_view text, CommandTurn& turn);
  void Queue(const CommandSpec& spec, Arguments arguments, CommandTurn& turn);
  void Perform(const CommandSpec& spec, Arguments arguments, CommandTurn& turn);
  void PerformUnderPass(Call& call, CommandTurn& turn);
  std::size_t PublishEvents(const CommandSpec& spec, std::size_t begin, CommandTurn& turn);
  void ApplyReplyMode(std::size_t begin, CommandTurn& turn);
  Call MakeCall(const CommandSpec& spec, Arguments arguments, CommandTurn& turn);

  ServerState& server_;
  ClientState& client_;
  EngineKeyspace& keys_;
  const std::size_t queue_bytes_max_;
};

}  // namespace kvs::server
