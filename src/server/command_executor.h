// CommandExecutor: runs the single commands of a RESP client, each with what surrounds it: whether it may run now, the
// queue of a transaction, tracking, an exclusive pass, events, the sync that its reply waits for.
//
// Design      A conversation decodes; what is not part of a run of GETs or SETs comes here. EXEC runs its commands
//             through CallAccounts too.
// Threads     One thread at a time, under the pass of its turn.
// Ownership   Everything that it is given outlives it.
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

// One turn of a client, as far as its commands see it.
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

  // Replies, or leaves a call that blocks or goes on in a later turn: see turn.progress.
  void Execute(Arguments arguments, CommandTurn& turn);

  // Whether the command waits for the end of a pause. A command that would be rejected does not.
  bool HasToPause(Arguments arguments, CommandTurn& turn);
  // Replies to the command that blocks the client, if its time has come.
  bool EndBlock(CommandTurn& turn);
  // The next part of a command that has not replied yet. True: it has now.
  bool GoOn(CommandTurn& turn);

  // The client has to give the password before anything else.
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
