// TLS over a non-blocking socket (OpenSSL), version 1.2 or newer.
//
// Design      A TlsContext holds the certificates, and a TlsStream one connection. The handshake has no call of its
//             own: Receive() and Send() continue it, and move bytes once it is done.
// Threads     Use a TlsContext from any thread, and a TlsStream from one thread at a time.
// Ownership   A stream keeps the needed parts of its context alive. It does not own its socket.
// Errors      kInvalidArgument: a file is unusable; the context has OpenSSL's text. kProtocol: the peer violated TLS,
//             or lacks a required certificate. kIo as the socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/socket.h"
#include "kvs/result.h"

struct ssl_ctx_st;  // OpenSSL's types, which only tls.cc sees.
struct ssl_st;

namespace kvs::io {

// PEM files.
struct TlsFiles {
  std::string certificate{};  // With the chain up to, and without, the root that peers trust.
  std::string key{};
  std::string client_authority{};  // Not empty: a client needs a certificate signed by one of these.
};

class TlsStream {
 public:
  Result<Transfer> Receive(std::span<char> into);
  Result<Transfer> Send(std::string_view bytes);
  // Tells the peer through TLS that nothing more will be sent.
  void SendEnd();

  bool is_secured() const;            // The handshake is done.
  std::size_t pending_bytes() const;  // Decrypted but not yet received. The socket may not report them as ready.
  bool wants_to_send() const { return wants_to_send_; }  // The last call waits until the socket is writable.

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
  // Trusts certificates signed by `authority`, a PEM file. `files` may be empty.
  static Result<std::shared_ptr<TlsContext>> ForClient(const std::string& authority, const TlsFiles& files = {});

  // socket: in, outlives the stream.
  Result<std::unique_ptr<TlsStream>> Accept(int socket);
  Result<std::unique_ptr<TlsStream>> Connect(int socket);

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  enum class Role : std::uint8_t { kServer, kClient };
  static Result<std::shared_ptr<TlsContext>> Make(Role role);
  Status Load(const TlsFiles& files);
  Result<std::unique_ptr<TlsStream>> MakeStream(int socket);

  std::unique_ptr<ssl_ctx_st, Free> context_;
};

}  // namespace kvs::io
