// Connection: one client's requests and replies as a state machine without I/O: bytes in, bytes out.
//
// Design      The first byte chooses the protocol, and a Conversation for it. The connection keeps the buffers and the
//             limits. Input is kept only while it is an unfinished request.
// Threads     One thread at a time.
// Ordering    Replies come in the order of the requests.
// Durability  A reply that depends on a sync is "unsettled" until SettleWrites(), and is not sent before. A failed sync
//             turns it into an error.
// Limits      Of ConnectionLimits. Output beyond output_bytes_max, or the end of a turn, stops the execution. Then
//             input is not wanted until Resume() has caught up. Kept input is at most one request and the bytes of one
//             Receive(). All that is kept counts in the client's account.
// Errors      Errors are replies. A violation of the protocol is answered once. Then the connection is_closing(): it
//             takes no more input, and other clients no longer see it. The same holds if there is no memory for the
//             rest of a request. If there is no memory for anything else, it is_dropped().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/byte_buffer.h"
#include "net/conversation.h"
#include "net/host.h"
#include "net/memory/client_memory.h"
#include "net/outbox.h"

namespace kvs::server {

class Connection {
 public:
  static constexpr int kNoSocket = -1;

  // host: in, outlives the connection.
  // socket: in, outlives the connection. Other threads may shut it down.
  // outbox: in, through which other threads send; nullptr: it gets an outbox without a mailbox.
  Connection(Host& host, const ConnectionLimits& limits, int socket = kNoSocket,
             std::shared_ptr<Outbox> outbox = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes bytes from the client, and executes the complete requests, up to the limits.
  void Receive(std::string_view bytes);
  // The client sends no more. Its requests so far are still answered.
  void ReceiveEnd() { input_has_ended_ = true; }
  // Goes on at the request that the limits have put off, and takes the outbox's mail.
  void Resume();

  bool wants_input() const {
    const bool may_keep = !is_waiting_ || input_.size() < kInputWhileWaitingMax;
    return !input_has_ended_ && !is_closing_ && !is_dropped_ && !is_behind_ && may_keep && has_room();
  }
  bool can_resume() const { return (is_behind_ || has_mail()) && has_room(); }  // Resume() has work.
  bool is_waiting() const { return is_waiting_; }  // It executes nothing until it is woken through its outbox.
  // The client did not take its output, or needs more memory than it may have. Close it without sending more.
  bool is_dropped() const { return is_dropped_ || account_->is_evicted() || (has_mail() && outbox_->has_overflowed()); }
  // If is_dropped(): the cause, for the log.
  std::string_view drop_reason() const {
    const bool is_memory = has_no_memory_ || account_->is_evicted();
    return is_memory ? "needed more memory than client-memory-limit leaves it"
                     : "left too much unread of what was sent to it";
  }
  // No idle timeout applies: the client waits for the server, not the server for the client.
  bool may_be_idle() const { return is_waiting_ || (conversation_ != nullptr && conversation_->may_be_idle()); }
  bool is_closing() const { return is_closing_; }
  bool is_finished() const {
    const bool is_executed = !is_behind_ && !is_put_off_;
    return (input_has_ended_ || is_closing_) && is_executed && replies_.bytes.empty();
  }

  bool has_unsettled_writes() const { return !replies_.unsettled.empty(); }
  void SettleWrites(const Status& sync);

  std::string_view output() const { return replies_.bytes.view(); }
  void Sent(std::size_t bytes);

  // In memory, without the connection itself and its conversation.
  std::size_t buffer_bytes() const { return input_.capacity() + replies_.bytes.capacity(); }

 private:
  // A waiting connection still reads, to see whether the client is gone.
  static constexpr std::size_t kInputWhileWaitingMax = std::size_t{64} << 10;

  bool has_room() const { return replies_.bytes.size() < limits_.output_bytes_max; }
  bool has_mail() const { return outbox_->has_mail() && !is_closing_; }
  template <class Work>
  void RunCounted(Work work);
  void CountMemory();
  void Take(std::string_view bytes);
  bool Keep(std::string_view bytes);
  void GoOn();
  std::size_t Execute(std::string_view input);
  void EndConversation();
  void ReplaceByErrors(std::span<const Replies::Unsettled> unsettled, const Error& error);

  // Constant after construction.
  Host& host_;
  const ConnectionLimits limits_;
  const int socket_;
  const std::shared_ptr<ClientMemory::Account> account_;
  const std::shared_ptr<Outbox> outbox_;

  std::unique_ptr<Conversation> conversation_;  // Made when the first byte has arrived.
  base::ByteBuffer input_;                      // An unfinished request, or requests that the limits have put off.
  Replies replies_;
  bool input_has_ended_ = false;
  bool is_closing_ = false;
  bool is_behind_ = false;
  bool is_waiting_ = false;
  bool is_dropped_ = false;
  bool has_no_memory_ = false;  // The cause of is_dropped_.
  bool is_put_off_ = false;
};

}  // namespace kvs::server
