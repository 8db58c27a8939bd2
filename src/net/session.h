// Session: one client's socket and its Connection. Moves bytes between the two, a bounded amount in each turn.
//
// Design      A turn is Receive(), Execute(), SettleWrites() if there are unsettled writes, and Output(): one receive
//             and one send. Then next() tells what the session needs. A turn receives kReceiveBytes at most, so no
//             client holds up its loop for long.
// Threads     One thread at a time: the loop's, or that of a job.
// Errors      A socket that fails ends the session. The client cannot be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "io/event_loop.h"
#include "io/tls.h"
#include "io/unique_fd.h"
#include "kvs/engine.h"
#include "net/connection.h"

namespace kvs::server {

class Session {
 public:
  static constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;

  enum class Next : std::uint8_t {
    kWait,    // For interest(), or for mail.
    kTurn,    // Another turn, in the next round.
    kLinger,  // All is answered, or TLS has sent an alert. The client may still be sending: see BeginLinger().
    kClose,
  };

  Session(io::UniqueFd socket, Host& host, const ConnectionLimits& limits, std::shared_ptr<Outbox> outbox);

  // Before the first turn. tls: in, of this socket; all bytes go through it.
  void Secure(std::unique_ptr<io::TlsStream> tls) { tls_ = std::move(tls); }
  bool is_secured() const { return tls_ != nullptr && tls_->is_secured(); }  // The handshake is done.

  // Receives into `room`, which the caller keeps until Execute() returns. Executes requests that a limit has put off.
  void Receive(std::span<char> room);
  std::string_view received() const { return received_; }
  // Executes the requests that were received.
  void Execute();
  void Output();
  Next next() const;
  io::Interest interest() const;

  // The socket may have bytes to receive: the next turn receives, even if it has other work.
  void NoteReadable() { may_be_readable_ = true; }
  bool is_waiting() const { return connection_.is_waiting(); }

  bool has_output() const { return !connection_.output().empty(); }
  std::uint64_t sent_bytes() const { return sent_bytes_; }  // Ever.

  bool has_unsettled_writes() const { return connection_.has_unsettled_writes(); }
  void SettleWrites(const Status& sync) { connection_.SettleWrites(sync); }

  // Bytes that arrive later are not read. All requests that have arrived are executed and answered.
  void StopAfterArrived();

  // If a socket is closed with unread bytes, the kernel resets the connection, and the client can lose the last
  // answers. So the session ends only its sending, and discards input until the client is done too.
  void BeginLinger();
  bool Discard();                   // One receive; false: the client is done.
  bool AnswersHaveArrived() const;  // At the client's kernel, so a reset cannot lose them any more.

  // Writes to the log and the figures, before the session is closed.
  void NoteDropped(std::string_view why);
  void NoteFailedHandshake(std::string_view why);

  bool is_dropped() const { return connection_.is_dropped(); }  // See Connection.
  std::string_view drop_reason() const { return connection_.drop_reason(); }
  bool may_be_idle() const { return connection_.may_be_idle(); }  // See Connection.
  int socket() const { return socket_.get(); }

 private:
  void TakeBytes(std::span<char> room);

  Host& host_;
  io::UniqueFd socket_;
  std::unique_ptr<io::TlsStream> tls_;  // nullptr: plain. A branch for each transfer, not a virtual call.
  Connection connection_;
  std::size_t input_allowance_ = std::numeric_limits<std::size_t>::max();  // Bytes still to receive. See Stop...().
  std::uint64_t sent_bytes_ = 0;
  std::string_view received_;  // From Receive() to Execute(), in the caller's room.
  bool is_stopping_ = false;
  bool may_be_readable_ = false;
  bool peer_has_ended_ = false;
  bool is_broken_ = false;
  bool has_sent_alert_ = false;  // TLS has told the client why it broke. A reset must not lose that.
};

}  // namespace kvs::server
