// NativeConversation: the native protocol on a connection: frames in, frames out.
//
// Design      A frame is a command like those of RESP: it waits for the end of a pause, is counted and timed, is shown
//             to monitors, and its keyspace events are published. Without such observers that is one test of a word for
//             each frame. Consecutive frames of one kind are timed together.
// Threads, Durability, Limits  As Conversation.
// Errors      A violation is answered once, and closes the connection. If the server has a password, the first request
//             does the same, because the protocol cannot carry one.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "commands/execution/call_accounts.h"
#include "commands/table/command.h"
#include "keyspace/keyspace.h"
#include "net/conversation.h"
#include "net/outbox.h"
#include "protocol/frame_decoder.h"
#include "protocol/request.h"
#include "service/server_state.h"

namespace kvs::server {

class NativeConversation final : public Conversation {
 public:
  // state: in, outlives the conversation.
  // socket: in, outlives the conversation; -1: none, in a test.
  NativeConversation(ServerState& state, const ConnectionLimits& limits, int socket, std::shared_ptr<Outbox> outbox);
  ~NativeConversation() override;

  Progress Execute(std::string_view input, Replies& replies) override;
  void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) override;
  void AppendRefusal(const Error& error, base::ByteBuffer* out) override;

 private:
  // One Execute().
  struct Turn {
    Turn(ServerState& server, Replies& turn_replies) : replies(turn_replies), accounts(server, counts) {}

    Replies& replies;
    TurnCounts counts{};
    CallAccounts accounts;
  };

  bool HasToPause(const protocol::Request& request);
  void Perform(const protocol::Request& request, Turn& turn);
  void PerformKnown(const protocol::Request& request, Turn& turn);
  void PerformGet(const protocol::Request& request, Turn& turn);
  void PerformWrite(const protocol::Request& request, Turn& turn);
  void AnswerUnsettled(std::uint32_t request_id, Replies& replies);
  void Fail(std::uint32_t request_id, const Error& error, Access access, Turn& turn);
  void Publish(EventClass event, std::string_view name, std::string_view key);

  // Constant after construction.
  ServerState& state_;
  const ConnectionLimits limits_;
  const int socket_;
  const std::shared_ptr<Outbox> outbox_;

  protocol::FrameDecoder decoder_;
  EngineKeyspace keys_;
  bool is_paused_ = false;
};

}  // namespace kvs::server
