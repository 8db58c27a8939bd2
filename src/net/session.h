// Session: one client's socket and its Connection: moves the bytes between the two, a bounded amount at a time.
//
// Design      A turn is Input(), then the settling of writes (turn.h), then Output(): one receive, one send. next()
//             then tells what the session needs. One turn takes kReceiveBytes at most, so no client holds a loop for
//             long.
// Threads     One thread at a time: its loop's, or that of the job which has its turn.
// Errors      A socket that fails ends the session: nobody is left to be told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
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
  static constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;  // On the stack during a call.

  enum class Next : std::uint8_t {
    kWait,    // For what interest() names.
    kTurn,    // Another turn immediately, after the others had theirs.
    kLinger,  // All is answered, or TLS told of an error, but the client may still be sending: see BeginLinger().
    kClose,
  };

  Session(io::UniqueFd socket, Host& host, const ConnectionLimits& limits, std::shared_ptr<Outbox> outbox);

  // Before the first turn: everything that is sent and received goes through `tls`, made for this socket.
  void Secure(std::unique_ptr<io::TlsStream> tls) { tls_ = std::move(tls); }
  bool is_secured() const { return tls_ != nullptr && tls_->is_secured(); }  // The handshake is done.

  void Input();
  void Output();
  Next next() const;
  io::Interest interest() const;

  // The socket may have bytes to receive: the next turn looks, also if it has other work.
  void NoteReadable() { may_be_readable_ = true; }
  bool is_waiting() const { return connection_.is_waiting(); }

  bool has_output() const { return !connection_.output().empty(); }
  std::uint64_t sent_bytes() const { return sent_bytes_; }  // Ever.

  bool has_unsettled_writes() const { return connection_.has_unsettled_writes(); }
  void SettleWrites(const Status& sync) { connection_.SettleWrites(sync); }

  // From now on only the bytes that have arrived by now count; they are all executed and answered.
  void StopAfterArrived();

  // Closing a socket on which unread bytes wait resets the connection, which can take the last answers from the client
  // before it has read them. So the server says that it is done, and reads to nowhere until the client is done too.
  void BeginLinger();
  bool Discard();                   // One receive; false: the client is done.
  bool AnswersHaveArrived() const;  // At the client's kernel, where a reset no longer takes them away.

  // In the log and the statistics, before the session is closed.
  void NoteDropped(std::string_view why);
  void NoteFailedHandshake(std::string_view why);

  bool is_dropped() const { return connection_.is_dropped(); }  // See Connection.
  std::string_view drop_reason() const { return connection_.drop_reason(); }
  bool may_be_idle() const { return connection_.may_be_idle(); }  // See Connection.
  int socket() const { return socket_.get(); }

 private:
  void TakeBytes();
  void Send();

  Host& host_;
  io::UniqueFd socket_;
  std::unique_ptr<io::TlsStream> tls_;  // nullptr: plain. A branch for each transfer, not a virtual call.
  Connection connection_;
  std::size_t input_allowance_ = std::numeric_limits<std::size_t>::max();  // Bytes still to be received; see Stop...().
  std::uint64_t sent_bytes_ = 0;
  bool is_stopping_ = false;
  bool may_be_readable_ = false;
  bool peer_has_ended_ = false;
  bool is_broken_ = false;
  bool has_sent_alert_ = false;  // TLS said why it broke; a reset must not take that from the client.
};

}  // namespace kvs::server
