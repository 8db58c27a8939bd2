// NativeConversation: the native protocol of kvs: frames in, frames out, one for one.
//
// Threads, Durability, Limits  As Conversation.
#pragma once

#include "protocol/frame_decoder.h"
#include "server/conversation.h"
#include "server/server_state.h"

namespace kvs::server {

class NativeConversation final : public Conversation {
 public:
  // `state` outlives the conversation.
  NativeConversation(ServerState& state, const ConnectionLimits& limits);

  Progress Execute(std::string_view input, Replies& replies) override;
  void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) override;

 private:
  void Perform(const protocol::Request& request, Replies& replies);
  void PerformGet(const protocol::Request& request, Replies& replies);
  void PerformWrite(const protocol::Request& request, Replies& replies);
  void AnswerUnsettled(std::uint32_t request_id, Replies& replies);

  // Constant after construction.
  ServerState& state_;
  const ConnectionLimits limits_;

  protocol::FrameDecoder decoder_;
};

}  // namespace kvs::server
