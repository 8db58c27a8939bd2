#include "io/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "base/probe.h"
#include "base/try.h"

namespace kvs::io {
namespace {

// Returns OpenSSL's error texts, and clears them for the next call.
std::string TakeErrors() {
  std::string text;
  std::array<char, 256> line;
  while (const unsigned long error = ::ERR_get_error()) {
    ::ERR_error_string_n(error, line.data(), line.size());
    text += (text.empty() ? "" : "; ") + std::string(line.data());
  }
  return text.empty() ? "no reason given" : text;
}

Error FileError(const std::string& what) {
  return Error{.code = ErrorCode::kInvalidArgument, .context = what + ": " + TakeErrors()};
}

// A BIO over a socket, like OpenSSL's own. It uses Receive() and Send(), which never raise SIGPIPE.
int SocketOf(BIO* bio) { return static_cast<int>(reinterpret_cast<std::intptr_t>(::BIO_get_data(bio))); }

int ReadSocket(BIO* bio, char* into, int bytes) {
  ::BIO_clear_retry_flags(bio);
  const auto received = Receive(SocketOf(bio), {into, static_cast<std::size_t>(bytes)});
  if (!received) {
    errno = received.error().sys_errno;
    return -1;
  }
  switch (received->outcome) {
    case TransferOutcome::kBytes: return static_cast<int>(received->bytes);
    case TransferOutcome::kWouldBlock: ::BIO_set_retry_read(bio); return -1;
    case TransferOutcome::kEnd: ::BIO_set_flags(bio, BIO_FLAGS_IN_EOF); return 0;
  }
  return -1;
}

int WriteSocket(BIO* bio, const char* from, int bytes) {
  ::BIO_clear_retry_flags(bio);
  const auto sent = Send(SocketOf(bio), {from, static_cast<std::size_t>(bytes)});
  if (!sent) {
    errno = sent.error().sys_errno;
    return -1;
  }
  if (sent->outcome == TransferOutcome::kBytes) return static_cast<int>(sent->bytes);
  ::BIO_set_retry_write(bio);
  return -1;
}

long ControlSocket(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_EOF) return ::BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* SocketMethod() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kvs socket");
    if (made == nullptr) return made;
    ::BIO_meth_set_read(made, ReadSocket);
    ::BIO_meth_set_write(made, WriteSocket);
    ::BIO_meth_set_ctrl(made, ControlSocket);
    return made;
  }();
  return method;
}

}  // namespace

void TlsStream::Free::operator()(ssl_st* ssl) const { ::SSL_free(ssl); }
void TlsContext::Free::operator()(ssl_ctx_st* context) const { ::SSL_CTX_free(context); }

Result<Transfer> TlsStream::Receive(std::span<char> into) {
  ::ERR_clear_error();
  std::size_t received = 0;
  do {
    // Reads one record at a time, while the next has already arrived.
    const int room = static_cast<int>(
        std::min<std::size_t>(into.size() - received, static_cast<std::size_t>(std::numeric_limits<int>::max())));
    const int bytes = ::SSL_read(ssl_.get(), into.data() + received, room);
    if (bytes <= 0) return received > 0 ? Transfer{TransferOutcome::kBytes, received} : Outcome("receive", bytes);
    received += static_cast<std::size_t>(bytes);
  } while (received < into.size() && pending_bytes() > 0);
  wants_to_send_ = false;
  return Transfer{TransferOutcome::kBytes, received};
}

Result<Transfer> TlsStream::Send(std::string_view bytes) {
  ::ERR_clear_error();
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const int length = static_cast<int>(
        std::min<std::size_t>(bytes.size() - sent, static_cast<std::size_t>(std::numeric_limits<int>::max())));
    const int result = ::SSL_write(ssl_.get(), bytes.data() + sent, length);
    if (result <= 0) return sent > 0 ? Transfer{TransferOutcome::kBytes, sent} : Outcome("send", result);
    sent += static_cast<std::size_t>(result);
  }
  wants_to_send_ = false;
  return Transfer{TransferOutcome::kBytes, sent};
}

Result<Transfer> TlsStream::Outcome(const char* call, int result) {
  const int error_number = errno;
  const int error = ::SSL_get_error(ssl_.get(), result);
  wants_to_send_ = error == SSL_ERROR_WANT_WRITE;
  KVS_PROBE_IF(wants_to_send_, "tls waits to send");
  switch (error) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return Transfer{TransferOutcome::kWouldBlock};
    case SSL_ERROR_ZERO_RETURN: return Transfer{TransferOutcome::kEnd};
    case SSL_ERROR_SYSCALL:
      return Error{.code = ErrorCode::kIo, .sys_errno = error_number, .context = "TLS " + std::string(call)};
    default: return Error{.code = ErrorCode::kProtocol, .context = "TLS " + std::string(call) + ": " + TakeErrors()};
  }
}

void TlsStream::SendEnd() {
  ::ERR_clear_error();
  // One attempt is enough: if the peer has not read enough for it to fit, the server does not wait.
  if (is_secured()) static_cast<void>(::SSL_shutdown(ssl_.get()));
}

bool TlsStream::is_secured() const { return ::SSL_is_init_finished(ssl_.get()) == 1; }

std::size_t TlsStream::pending_bytes() const { return static_cast<std::size_t>(::SSL_pending(ssl_.get())); }

Result<std::shared_ptr<TlsContext>> TlsContext::Make(Role role) {
  ::ERR_clear_error();
  SSL_CTX* const made = ::SSL_CTX_new(role == Role::kServer ? ::TLS_server_method() : ::TLS_client_method());
  if (made == nullptr) return FileError("TLS");
  std::shared_ptr<TlsContext> context(new TlsContext(made));
  if (::SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) != 1) return FileError("TLS 1.2");
  ::SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF |
                                  SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Allows partial writes from a buffer that may have moved. An idle connection frees its buffers.
  ::SSL_CTX_set_mode(made,
                     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  return context;
}

Status TlsContext::Load(const TlsFiles& files) {
  if (::SSL_CTX_use_certificate_chain_file(context_.get(), files.certificate.c_str()) != 1) {
    return FileError("certificate " + files.certificate);
  }
  // OpenSSL would ask for a key's passphrase at the terminal, and a server has no one to answer.
  ::SSL_CTX_set_default_passwd_cb(context_.get(), [](char*, int, int, void*) { return 0; });
  if (::SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return FileError("key " + files.key);
  }
  if (::SSL_CTX_check_private_key(context_.get()) != 1) {
    return FileError("key " + files.key + " does not match certificate " + files.certificate);
  }
  return Ok();
}

Result<std::shared_ptr<TlsContext>> TlsContext::ForServer(const TlsFiles& files) {
  KVS_TRY_ASSIGN(std::shared_ptr<TlsContext> context, Make(Role::kServer));
  KVS_TRY(context->Load(files));
  SSL_CTX* const made = context->context_.get();
  const std::string id = "kvs-server";
  static_cast<void>(::SSL_CTX_set_session_id_context(made, reinterpret_cast<const unsigned char*>(id.data()),
                                                     static_cast<unsigned>(id.size())));
  if (files.client_authority.empty()) return context;
  const char* const authority = files.client_authority.c_str();
  if (::SSL_CTX_load_verify_locations(made, authority, nullptr) != 1) {
    return FileError("authority certificates " + files.client_authority);
  }
  ::SSL_CTX_set_client_CA_list(made, ::SSL_load_client_CA_file(authority));
  ::SSL_CTX_set_verify(made, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return context;
}

Result<std::shared_ptr<TlsContext>> TlsContext::ForClient(const std::string& authority, const TlsFiles& files) {
  KVS_TRY_ASSIGN(std::shared_ptr<TlsContext> context, Make(Role::kClient));
  if (!files.certificate.empty()) KVS_TRY(context->Load(files));
  SSL_CTX* const made = context->context_.get();
  if (::SSL_CTX_load_verify_locations(made, authority.c_str(), nullptr) != 1) {
    return FileError("authority certificates " + authority);
  }
  ::SSL_CTX_set_verify(made, SSL_VERIFY_PEER, nullptr);
  return context;
}

Result<std::unique_ptr<TlsStream>> TlsContext::MakeStream(int socket) {
  ::ERR_clear_error();
  std::unique_ptr<TlsStream> stream(new TlsStream(::SSL_new(context_.get())));
  const BIO_METHOD* const method = SocketMethod();
  BIO* const bio = method == nullptr || stream->ssl_ == nullptr ? nullptr : ::BIO_new(method);
  if (bio == nullptr) return FileError("TLS");
  // BIO data is a pointer. Here it carries the socket's number and is never dereferenced.
  ::BIO_set_data(bio,
                 reinterpret_cast<void*>(static_cast<std::intptr_t>(socket)));  // NOLINT(performance-no-int-to-ptr)
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(stream->ssl_.get(), bio, bio);
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsContext::Accept(int socket) {
  KVS_TRY_ASSIGN(std::unique_ptr<TlsStream> stream, MakeStream(socket));
  ::SSL_set_accept_state(stream->ssl_.get());
  return stream;
}

Result<std::unique_ptr<TlsStream>> TlsContext::Connect(int socket) {
  KVS_TRY_ASSIGN(std::unique_ptr<TlsStream> stream, MakeStream(socket));
  ::SSL_set_connect_state(stream->ssl_.get());
  return stream;
}

}  // namespace kvs::io
