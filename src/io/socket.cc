#include "io/socket.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/address.h"

namespace kvs::io {
namespace {

Result<UniqueFd> OpenSocket(int family) {
  UniqueFd socket(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return base::SystemError("socket");
  return socket;
}

// Answers do not wait for more bytes: the server sends all output of a turn together. A failure only costs speed.
void DisableNagle(int socket) {
  const int on = 1;
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}

// Sets keepalive on a listening socket; accepted sockets inherit it. Three unanswered probes end a connection, each
// after a third of the first silence. A failure only disables this.
void EnableKeepalive(int socket, int silence_s) {
  const int on = 1;
  const int between_s = std::max(1, silence_s / 3);
  const int questions = 3;
  static_cast<void>(::setsockopt(socket, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on));
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_KEEPIDLE, &silence_s, sizeof silence_s));
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s));
  static_cast<void>(::setsockopt(socket, IPPROTO_TCP, TCP_KEEPCNT, &questions, sizeof questions));
}

bool WouldBlock(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

// The error of a background connection attempt; 0: it succeeded.
int PendingError(int socket) {
  int error_number = 0;
  socklen_t bytes = sizeof error_number;
  if (::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error_number, &bytes) != 0) return errno;
  return error_number;
}

// poll() counts milliseconds. Rounding up keeps a shorter wait from becoming a busy loop.
int PollMilliseconds(Deadline deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

Status WaitFor(int socket, short events, Deadline deadline) {
  while (true) {
    pollfd entry{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&entry, 1, PollMilliseconds(deadline));
    if (ready > 0) return Ok();
    if (ready < 0 && errno != EINTR) return base::SystemError("poll");
    KVS_PROBE_IF(ready < 0, "wait for a socket is interrupted");
    if (std::chrono::steady_clock::now() >= deadline) {
      KVS_PROBE("peer does not answer in time");
      return Error{.code = ErrorCode::kTimeout, .context = "the peer did not answer in time"};
    }
  }
}

Result<Address> IpAddress(const SocketAddress& name) {
  if (name.family() == AF_INET || name.family() == AF_INET6) return name.ToAddress();
  return Error{.code = ErrorCode::kUnsupported, .context = "this socket has no IP address"};
}

std::string TextOf(const Result<Address>& address, int socket) {
  if (address) return address->ToString();
  sockaddr_un name{};
  socklen_t bytes = sizeof name;
  // The server's end has the path; the client's end has no name.
  const bool is_local =
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&name), &bytes) == 0 && name.sun_family == AF_UNIX;
  if (!is_local) return "?:0";
  const std::string_view path(name.sun_path, bytes - offsetof(sockaddr_un, sun_path));
  return std::string(path.substr(0, path.find('\0'))) + ":0";
}

}  // namespace

Result<UniqueFd> Listen(const Address& address, const ListenOptions& options) {
  KVS_TRY_ASSIGN(const SocketAddress name, SocketAddress::From(address));
  KVS_TRY_ASSIGN(UniqueFd socket, OpenSocket(name.family()));
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return base::SystemError("setsockopt");
  if (options.keepalive.count() > 0) EnableKeepalive(socket.get(), static_cast<int>(options.keepalive.count()));
  if (::bind(socket.get(), name.get(), name.bytes) != 0) return base::SystemError("bind " + address.ToString());
  if (::listen(socket.get(), options.backlog) != 0) return base::SystemError("listen " + address.ToString());
  return socket;
}

Result<Address> LocalAddress(int socket) {
  SocketAddress name;
  name.bytes = sizeof name.storage;
  if (::getsockname(socket, name.get(), &name.bytes) != 0) return base::SystemError("getsockname");
  return IpAddress(name);
}

Result<Address> PeerAddress(int socket) {
  SocketAddress name;
  name.bytes = sizeof name.storage;
  if (::getpeername(socket, name.get(), &name.bytes) != 0) return base::SystemError("getpeername");
  return IpAddress(name);
}

std::string LocalText(int socket) { return TextOf(LocalAddress(socket), socket); }
std::string PeerText(int socket) { return TextOf(PeerAddress(socket), socket); }

Result<UniqueFd> Connect(const Address& address, Deadline deadline) {
  KVS_TRY_ASSIGN(const SocketAddress name, SocketAddress::From(address));
  KVS_TRY_ASSIGN(UniqueFd socket, OpenSocket(name.family()));
  DisableNagle(socket.get());
  if (::connect(socket.get(), name.get(), name.bytes) == 0) return socket;
  // After EINTR the attempt continues in the background, as after EINPROGRESS.
  if (errno != EINPROGRESS && errno != EINTR) return base::SystemError("connect " + address.ToString());
  if (auto waited = WaitWritable(socket.get(), deadline); !waited) {
    waited.error().context = "connect " + address.ToString() + ": " + waited.error().context;
    return std::move(waited).error();
  }
  if (const int error_number = PendingError(socket.get()); error_number != 0) {
    KVS_PROBE("connection fails while it is waited for");
    return base::SystemError("connect " + address.ToString(), error_number);
  }
  return socket;
}

Result<Accepted> Accept(int listener) {
  UniqueFd socket(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket.is_open()) {
    DisableNagle(socket.get());
    return Accepted{.outcome = AcceptOutcome::kAccepted, .socket = std::move(socket)};
  }
  switch (errno) {
    case EAGAIN: return Accepted{.outcome = AcceptOutcome::kNobodyWaits};
    case EMFILE:
    case ENFILE: return Accepted{.outcome = AcceptOutcome::kNoDescriptors};
    case ENOBUFS:
    case ENOMEM: return Accepted{.outcome = AcceptOutcome::kOutOfResources};
    // Errors of the accepted connection itself, which Linux reports here; accept(2) lists them.
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENETDOWN:
    case ENOPROTOOPT:
    case EHOSTDOWN:
    case ENONET:
    case EHOSTUNREACH:
    case EOPNOTSUPP:
    case ENETUNREACH: return Accepted{.outcome = AcceptOutcome::kRetry};
    default: return base::SystemError("accept");
  }
}

UniqueFd ReserveDescriptor() { return UniqueFd(::eventfd(0, EFD_CLOEXEC)); }

Result<Transfer> Receive(int socket, std::span<char> into) {
  while (true) {
    const ssize_t bytes = ::recv(socket, into.data(), into.size(), 0);
    if (bytes > 0) return Transfer{TransferOutcome::kBytes, static_cast<std::size_t>(bytes)};
    if (bytes == 0) return Transfer{TransferOutcome::kEnd};
    if (WouldBlock(errno)) return Transfer{TransferOutcome::kWouldBlock};
    if (errno != EINTR) return base::SystemError("recv");
  }
}

Result<Transfer> Send(int socket, std::string_view bytes) {
  while (true) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return Transfer{TransferOutcome::kBytes, static_cast<std::size_t>(sent)};
    if (WouldBlock(errno)) return Transfer{TransferOutcome::kWouldBlock};
    if (errno != EINTR) return base::SystemError("send");
  }
}

Result<Transfer> SendParts(int socket, std::span<const std::string_view> parts) {
  KVS_CHECK(parts.size() <= kSendPartsMax);
  std::array<iovec, kSendPartsMax> vectors{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    vectors[i] = {.iov_base = const_cast<char*>(parts[i].data()), .iov_len = parts[i].size()};
  }
  msghdr message{};
  message.msg_iov = vectors.data();
  message.msg_iovlen = parts.size();
  while (true) {
    const ssize_t bytes = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    if (bytes >= 0) return Transfer{TransferOutcome::kBytes, static_cast<std::size_t>(bytes)};
    if (WouldBlock(errno)) return Transfer{TransferOutcome::kWouldBlock};
    if (errno != EINTR) return base::SystemError("send");
  }
}

void ShutDown(int socket) { ::shutdown(socket, SHUT_RDWR); }

void ShutDownSending(int socket) { static_cast<void>(::shutdown(socket, SHUT_WR)); }

std::size_t BytesWaiting(int socket) {
  int bytes = 0;
  return ::ioctl(socket, FIONREAD, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

std::size_t BytesUnacknowledged(int socket) {
  int bytes = 0;
  return ::ioctl(socket, SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes) : 0;
}

Status WaitReadable(int socket, Deadline deadline) { return WaitFor(socket, POLLIN, deadline); }
Status WaitWritable(int socket, Deadline deadline) { return WaitFor(socket, POLLOUT, deadline); }

}  // namespace kvs::io
