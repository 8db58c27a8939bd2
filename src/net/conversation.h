// Conversation: one protocol on a connection: decodes requests, executes them and encodes the replies.
//
// Design      A Connection keeps the buffers. Its conversation, which the first byte chooses, keeps the state of the
//             protocol. Requests are executed in the input buffer, and replies are encoded into the output buffer.
// Threads     One thread at a time.
// Durability  A reply that depends on a sync is unsettled until that sync has ended, and is not sent before. If the
//             sync fails, AppendSyncFailure() replaces the reply.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "kvs/result.h"

namespace kvs::server {

// Unread replies of a client that has not given the password.
inline constexpr std::size_t kUnauthenticatedOutputBytesMax = 16'384;

struct ConnectionLimits {
  std::size_t request_bytes_max;
  std::size_t output_bytes_max;  // One more reply may exceed it: its size is known only when it is there.
  // The limits of one turn; the time is by the kernel's ticks. The rest waits until the other clients of the loop have
  // had their turns.
  std::size_t requests_per_turn = 1024;
  std::size_t output_bytes_per_turn = std::size_t{1} << 20;
  std::chrono::milliseconds turn_time = std::chrono::hours(1);  // A server sets less.
};

// The replies that are not sent yet, and the unsettled ones among them.
struct Replies {
  explicit Replies(base::ByteMeter* meter = nullptr) : bytes(meter) {}

  struct Unsettled {
    std::size_t begin;  // In `bytes`.
    std::size_t end;
    std::uint32_t count = 1;  // Of replies between the two. A failed sync makes each an error.
    std::uint32_t tag = 0;    // The conversation's, for AppendSyncFailure().
  };

  // The replies from `begin` on wait for a sync. count: in, how many they are.
  void AwaitSync(std::size_t begin, std::uint32_t count, std::uint32_t tag = 0) {
    unsettled.push_back({.begin = begin, .end = bytes.size(), .count = count, .tag = tag});
  }

  base::ByteBuffer bytes;
  std::vector<Unsettled> unsettled;
};

// Of a connection, in bytes.
struct BufferFigures {
  std::size_t input = 0;  // Not executed yet.
  std::size_t input_room = 0;
  std::size_t output = 0;  // Not sent yet.
  std::size_t output_room = 0;
};

class Conversation {
 public:
  struct Progress {
    std::size_t consumed_bytes = 0;  // Of the input: executed.
    bool is_behind = false;          // A limit stopped the execution before the end of the input.
    bool is_waiting = false;         // Execution continues when the outbox wakes the connection.
    bool is_put_off = false;         // With is_waiting: the next request has not begun.
    bool is_closing = false;         // Close the connection after its replies are sent.
    bool is_dropped = false;         // Close the connection now: the client does not take its replies.
  };

  virtual ~Conversation() = default;

  // Executes requests up to the limits.
  // input: in, all bytes that are not consumed yet.
  virtual Progress Execute(std::string_view input, Replies& replies) = 0;
  // No idle timeout applies to the client.
  virtual bool may_be_idle() const { return false; }
  virtual void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) = 0;
  // The reply if there is no memory for the rest of a request. The connection ends after it.
  virtual void AppendRefusal(const Error& error, base::ByteBuffer* out) = 0;
  // Called after each turn, with what the connection holds. Returns the bytes that the conversation holds itself.
  virtual std::size_t NoteBuffers(const BufferFigures& /*figures*/) { return 0; }
  // Called after some of the output was sent: what is left of it, and the room that it takes.
  virtual void NoteOutput(std::size_t /*bytes*/, std::size_t /*room*/) {}
};

}  // namespace kvs::server
