// Connection: what a server does for one client, as a state machine without I/O: bytes in, bytes out.
//
// Design      The first byte chooses the protocol, and a Conversation for it; the connection keeps the buffers and the
//             limits. What arrives is kept only while it is an unfinished request.
// Threads     One thread at a time.
// Ordering    Replies come in the order of the requests.
// Durability  Replies that promise something about power loss are "unsettled" when they are made. None of them may be
//             sent before SettleWrites(), which keeps them after a good sync, and turns each into an error after a bad
//             one.
// Limits      Of ConnectionLimits. Output beyond output_bytes_max, or the end of a turn, stops the execution,
//             and input is not wanted until Resume() has caught up. Kept input: at most one request and what one
//             Receive() brought.
//             All that it keeps counts in the account of its client: what it takes as it takes it, what it gives back
//             at the end of a turn.
// Errors      What the client does wrong is answered to the client. A violation of the protocol is answered once, and
//             then the connection takes no more input: is_closing(). From then on others know the client no more,
//             however long its socket stays open. The same goes for a request that is not all there and for which there
//             is no memory. Where there is none for anything else, it is_dropped().
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/byte_buffer.h"
#include "net/client_memory.h"
#include "net/conversation.h"
#include "net/host.h"
#include "net/outbox.h"

namespace kvs::server {

class Connection {
 public:
  static constexpr int kNoSocket = -1;

  // `host` outlives the connection, and so does `socket`, by which others may end the connection. Through `outbox`
  // they send to it; nullptr: one that tells nobody.
  Connection(Host& host, const ConnectionLimits& limits, int socket = kNoSocket,
             std::shared_ptr<Outbox> outbox = nullptr);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Takes bytes as they came from the client, and executes the requests that are whole, up to the limits.
  void Receive(std::string_view bytes);
  // The client will send no more. What it has sent is still answered.
  void ReceiveEnd() { input_has_ended_ = true; }
  // Goes on where the limits stopped the last turn, and takes what others have sent.
  void Resume();

  bool wants_input() const {
    const bool may_keep = !is_waiting_ || input_.size() < kInputWhileWaitingMax;
    return !input_has_ended_ && !is_closing_ && !is_dropped_ && !is_behind_ && may_keep && has_room();
  }
  bool can_resume() const { return (is_behind_ || has_mail()) && has_room(); }  // Resume() has work.
  bool is_waiting() const { return is_waiting_; }  // It executes nothing until it is woken through its outbox.
  // It did not take what it was sent, or may not have so much: it is to be closed, and nothing more is sent to it.
  bool is_dropped() const { return is_dropped_ || account_->is_evicted() || (has_mail() && outbox_->has_overflowed()); }
  // Of one that is dropped: what it did, for the log.
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

  // At the end of a turn: what is held now goes into the account of the client, and to its conversation.
  void CountMemory();

  // What the connection holds in memory beside itself and its conversation.
  std::size_t buffer_bytes() const { return input_.capacity() + replies_.bytes.capacity(); }

 private:
  // While it waits, it is still to see that the client has gone.
  static constexpr std::size_t kInputWhileWaitingMax = std::size_t{64} << 10;

  bool has_room() const { return replies_.bytes.size() < limits_.output_bytes_max; }
  bool has_mail() const { return outbox_->has_mail() && !is_closing_; }
  template <class Work>
  void Guard(Work work);
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

  std::unique_ptr<Conversation> conversation_;  // Made when the first byte has come.
  base::ByteBuffer input_;                      // An unfinished request, or whole ones that the limits have put off.
  Replies replies_;
  bool input_has_ended_ = false;
  bool is_closing_ = false;
  bool is_behind_ = false;
  bool is_waiting_ = false;
  bool is_dropped_ = false;
  bool has_no_memory_ = false;  // Dropped for that.
  bool is_put_off_ = false;
};

}  // namespace kvs::server
