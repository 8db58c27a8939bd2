// Conversation: one protocol's half of a connection: bytes in, requests, engine, replies out.
//
// Design      A Connection keeps the buffers, and its conversation, chosen by the first byte, what the protocol has to
//             remember. Requests run straight from the bytes received, replies go straight into the bytes to send.
// Threads     One thread at a time.
// Durability  A reply that promises something about power loss is noted as unsettled when it is made; none of them is
//             sent before the sync that covers it, and after a failed one AppendSyncFailure() takes its place.
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
  // A turn ends when it has executed so many requests, made so many bytes of replies, or taken so long, by the kernel's
  // ticks. The other clients of the loop have their turns before the rest.
  std::size_t requests_per_turn = 1024;
  std::size_t output_bytes_per_turn = std::size_t{1} << 20;
  std::chrono::milliseconds turn_time = std::chrono::hours(1);  // A server sets less.
};

// Replies not yet sent, and which of them wait for a sync.
struct Replies {
  explicit Replies(base::ByteMeter* meter = nullptr) : bytes(meter) {}

  struct Unsettled {
    std::size_t begin;  // In `bytes`.
    std::size_t end;
    std::uint32_t count = 1;  // Of replies in between, for each of which there would be an error.
    std::uint32_t tag = 0;    // What the conversation needs to make that error.
  };

  // What is in `bytes` from `begin` on, `count` replies, waits for a sync.
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
    std::size_t consumed_bytes = 0;  // Of the input: these are done with.
    bool is_behind = false;          // A limit stopped the execution before the input was exhausted.
    bool is_waiting = false;         // It goes on when it is woken through its outbox.
    bool is_put_off = false;         // With is_waiting: for a request that has not begun.
    bool is_closing = false;         // The connection is to end once its replies are sent.
    bool is_dropped = false;         // The connection is to end now: the client does not take its replies.
  };

  virtual ~Conversation() = default;

  // Executes from the front of `input`, which is all that is not consumed yet, up to the limits.
  virtual Progress Execute(std::string_view input, Replies& replies) = 0;
  // No idle timeout applies to the client.
  virtual bool may_be_idle() const { return false; }
  virtual void AppendSyncFailure(std::uint32_t tag, const Error& error, base::ByteBuffer* out) = 0;
  // Of a request that is not all there, and for which there is no memory. The connection ends after it.
  virtual void AppendRefusal(const Error& error, base::ByteBuffer* out) = 0;
  // After each turn: takes what the connection holds for it, and answers what it keeps itself.
  virtual std::size_t NoteBuffers(const BufferFigures& /*figures*/) { return 0; }
};

}  // namespace kvs::server
