// Connection: what a server does for one client, as a state machine without I/O: bytes in, requests, engine, bytes out.
//
// Design      Requests run as they arrive, each straight from the bytes received and, for a get, straight into the
//             bytes to send. What arrives is kept only while it is an unfinished request.
// Threads     One thread at a time.
// Ordering    Answers come in the order of the requests.
// Durability  Answers that promise something about power loss are "unsettled" when they are made: a successful write
//             where answers wait for the sync, and every Sync request. None of them may be sent before SettleWrites(),
//             which keeps them after a good sync, and turns each into an error after a bad one.
// Limits      Of ConnectionLimits. Output beyond output_bytes_max, or a turn of requests_per_turn, stops the execution,
//             and input is not wanted until Resume() has caught up. Kept input: at most one request and what one
//             Receive() brought.
// Errors      What the client does wrong is answered to the client. A violation of the protocol is answered once, and
//             then the connection takes no more input: is_closing().
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "kvs/engine.h"
#include "protocol/frame_decoder.h"

namespace kvs::server {

struct ConnectionLimits {
  std::size_t request_bytes_max;
  std::size_t output_bytes_max;  // One more answer may stand above it: its size is known only when it is there.
  std::size_t requests_per_turn = 1024;
  bool sync_before_reply = false;
};

class Connection {
 public:
  // `engine` outlives the connection.
  Connection(KvsEngine& engine, const ConnectionLimits& limits);

  // Takes bytes as they came from the client, and executes the requests that are whole, up to the limits.
  void Receive(std::string_view bytes);
  // The client will send no more. What it has sent is still answered.
  void ReceiveEnd() { input_has_ended_ = true; }
  // Goes on where the limits stopped the last turn.
  void Resume();

  bool wants_input() const { return !input_has_ended_ && !is_closing_ && !is_behind_ && has_room(); }
  bool is_runnable() const { return is_behind_ && has_room(); }  // Resume() has something to do.
  bool is_closing() const { return is_closing_; }
  bool is_finished() const { return (input_has_ended_ || is_closing_) && !is_behind_ && output_.empty(); }

  bool has_unsettled_writes() const { return !unsettled_.empty(); }
  void SettleWrites(const Status& sync);

  std::string_view output() const { return output_.view(); }
  void Sent(std::size_t bytes);

  // What the connection holds in memory beside itself.
  std::size_t buffer_bytes() const { return input_.capacity() + output_.capacity(); }

 private:
  struct UnsettledAnswer {
    std::size_t output_offset;
    std::uint32_t request_id;
  };

  bool has_room() const { return output_.size() < limits_.output_bytes_max; }
  bool SniffPasses(char first_byte);
  std::size_t Execute(std::string_view input);

  void Perform(const protocol::Request& request);
  void PerformGet(const protocol::Request& request);
  void AnswerWrite(const protocol::Request& request, const Status& status);
  void AnswerUnsettled(std::uint32_t request_id);
  void Answer(std::uint32_t request_id, const Status& status);
  void Refuse(const protocol::Decoded& violation);

  // Constant after construction.
  KvsEngine& engine_;
  const ConnectionLimits limits_;

  protocol::FrameDecoder decoder_;
  base::ByteBuffer input_;   // An unfinished request, or whole ones that the limits have put off.
  base::ByteBuffer output_;  // Answers not yet sent.
  std::vector<UnsettledAnswer> unsettled_;
  bool has_sniffed_ = false;
  bool input_has_ended_ = false;
  bool is_closing_ = false;
  bool is_behind_ = false;  // The limits stopped the execution before the input was exhausted.
};

}  // namespace kvs::server
