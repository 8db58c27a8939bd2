// TLS over a non-blocking socket (OpenSSL), version 1.2 or newer.
//
// Design      A TlsContext holds the certificates, a TlsStream one connection. The handshake needs no call of its own:
//             Receive() and Send() go on with it, and move bytes once it is done.
// Threads     A TlsContext from any thread, a TlsStream from one at a time.
// Ownership   A stream keeps what it needs of its context alive, and does not own its socket.
// Errors      kInvalidArgument for files that are not what they should be, with OpenSSL's words. kProtocol: the peer
//             did not keep to TLS, or has no certificate where one is asked for. kIo as the socket.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/socket.h"
#include "kvs/result.h"

struct ssl_ctx_st;  // OpenSSL's, which stays in tls.cc.
struct ssl_st;

namespace kvs::io {

// PEM files.
struct TlsFiles {
  std::string certificate{};  // With the chain up to, and without, a root that peers have.
  std::string key{};
  std::string client_authority{};  // Not empty: a client needs a certificate that these have signed.
};

class TlsStream {
 public:
  Result<Transfer> Receive(std::span<char> into);
  Result<Transfer> Send(std::string_view bytes);
  // Tells the peer, in TLS, that nothing more will be sent.
  void SendEnd();

  bool is_secured() const;            // The handshake is done.
  std::size_t pending_bytes() const;  // Decrypted, and not received yet: the socket may stay silent about them.
  bool wants_to_send() const { return wants_to_send_; }  // The last call waits until the socket can be written.

 private:
  friend class TlsContext;
  struct Free {
    void operator()(ssl_st* ssl) const;
  };
  explicit TlsStream(ssl_st* ssl) : ssl_(ssl) {}
  Result<Transfer> Outcome(const char* call, int result);

  std::unique_ptr<ssl_st, Free> ssl_;
  bool wants_to_send_ = false;
};

class TlsContext {
 public:
  static Result<std::shared_ptr<TlsContext>> ForServer(const TlsFiles& files);
  // Trusts certificates that `authority`, a PEM file, has signed. `files` may be empty.
  static Result<std::shared_ptr<TlsContext>> ForClient(const std::string& authority, const TlsFiles& files = {});

  // `socket` outlives the stream.
  Result<std::unique_ptr<TlsStream>> Accept(int socket);
  Result<std::unique_ptr<TlsStream>> Connect(int socket);

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  static Result<std::shared_ptr<TlsContext>> Make(bool is_server);
  Status Load(const TlsFiles& files);
  Result<std::unique_ptr<TlsStream>> MakeStream(int socket);

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace kvs::io
