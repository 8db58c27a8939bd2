// TCP sockets: the system calls of the network, with their errors as Result. All sockets are non-blocking and
// close-on-exec, and a peer that has gone away is an error, never a SIGPIPE.
//
// Threads     Functions of their arguments alone.
// Errors      kIo with the errno and the call, but where a comment says more.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "io/unique_fd.h"
#include "kvs/address.h"
#include "kvs/result.h"

namespace kvs::io {

using Deadline = std::chrono::steady_clock::time_point;

struct ListenOptions {
  int backlog = 4096;                 // Clients that may wait to be accepted; the kernel has a bound of its own.
  std::chrono::seconds keepalive{0};  // After so much silence the kernel asks the peer for a sign of life; 0: never.
};

// Binds and listens, with SO_REUSEADDR: a server may start again while connections of the last one are in TIME_WAIT.
Result<UniqueFd> Listen(const Address& address, const ListenOptions& options = {});
Result<Address> LocalAddress(int socket);
Result<Address> PeerAddress(int socket);  // kUnsupported, as above: it is a unix socket.
// For people: IP:PORT, or for both ends of a unix socket its path and ":0", as Redis has it. "?:0": unknown.
std::string LocalText(int socket);
std::string PeerText(int socket);

// kTimeout when `deadline` passes first. The connection has TCP_NODELAY.
Result<UniqueFd> Connect(const Address& address, Deadline deadline);

enum class AcceptOutcome : std::uint8_t {
  kAccepted,
  kNobodyWaits,
  kRetry,           // That client left before it was accepted, or the like: ask again.
  kNoDescriptors,   // The process or the system has no descriptor left.
  kOutOfResources,  // The kernel is short of memory: ask again later.
};
struct Accepted {
  AcceptOutcome outcome;
  UniqueFd socket{};  // Of kAccepted, with TCP_NODELAY.
};
Result<Accepted> Accept(int listener);

// A descriptor that is of no use but to be closed when Accept() finds none left. Not open if there is none now.
UniqueFd ReserveDescriptor();

// What a transfer on a non-blocking socket did.
enum class TransferOutcome : std::uint8_t { kBytes, kWouldBlock, kEnd };  // kEnd: the peer will send no more.
struct Transfer {
  TransferOutcome outcome;
  std::size_t bytes = 0;
};
Result<Transfer> Receive(int socket, std::span<char> into);
Result<Transfer> Send(int socket, std::string_view bytes);
// Sends the parts one after the other, as one stream, in one call. At most kSendPartsMax of them.
inline constexpr std::size_t kSendPartsMax = 4;
Result<Transfer> SendParts(int socket, std::span<const std::string_view> parts);

// Tells the peer that nothing more will be sent. Receiving goes on.
void ShutDownSending(int socket);
// Ends both directions: a thread that waits on the socket is woken, and finds its end.
void ShutDown(int socket);
// How many bytes have arrived and wait to be received.
std::size_t BytesWaiting(int socket);
// How many sent bytes the peer's kernel has not acknowledged.
std::size_t BytesUnacknowledged(int socket);

// Wait until the socket can be used, or kTimeout. A failed socket counts as usable: using it tells the error.
Status WaitReadable(int socket, Deadline deadline);
Status WaitWritable(int socket, Deadline deadline);

}  // namespace kvs::io
