// TCP sockets: the system calls of the network, with errors as Result. All sockets are non-blocking and close-on-exec.
// A peer that has closed is an error, never a SIGPIPE.
//
// Threads     Functions without shared state: call anything from any thread.
// Errors      kIo with the errno and the call, unless a comment says otherwise.
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
  int backlog = 4096;                 // Clients that may wait to be accepted. The kernel has its own limit too.
  std::chrono::seconds keepalive{0};  // Silence after which the kernel probes the peer; 0: never.
};

// Binds and listens, with SO_REUSEADDR: a server can restart while its former connections are in TIME_WAIT.
Result<UniqueFd> Listen(const Address& address, const ListenOptions& options = {});
Result<Address> LocalAddress(int socket);
Result<Address> PeerAddress(int socket);  // kUnsupported, also of LocalAddress(): it is a unix socket.
// For people: IP:PORT. For both ends of a unix socket, its path and ":0", like Redis. "?:0": unknown.
std::string LocalText(int socket);
std::string PeerText(int socket);

// kTimeout: `deadline` passed first. The connection has TCP_NODELAY.
Result<UniqueFd> Connect(const Address& address, Deadline deadline);

enum class AcceptOutcome : std::uint8_t {
  kAccepted,
  kNobodyWaits,
  kRetry,           // That client left before it was accepted, or similar: call again.
  kNoDescriptors,   // The process or the system has no descriptor left.
  kOutOfResources,  // The kernel is short of memory: call again later.
};
struct Accepted {
  AcceptOutcome outcome;
  UniqueFd socket{};  // Of kAccepted; with TCP_NODELAY.
};
Result<Accepted> Accept(int listener);

// A descriptor to close when Accept() finds none left. Not open: none is left now.
UniqueFd ReserveDescriptor();

// The result of a transfer on a non-blocking socket.
enum class TransferOutcome : std::uint8_t { kBytes, kWouldBlock, kEnd };  // kEnd: the peer will send no more.
struct Transfer {
  TransferOutcome outcome;
  std::size_t bytes = 0;
};
Result<Transfer> Receive(int socket, std::span<char> into);
Result<Transfer> Send(int socket, std::string_view bytes);
// Sends the parts in order, as one stream, in one call. At most kSendPartsMax parts.
inline constexpr std::size_t kSendPartsMax = 4;
Result<Transfer> SendParts(int socket, std::span<const std::string_view> parts);

// Tells the peer that nothing more will be sent. Receiving continues.
void ShutDownSending(int socket);
// Ends both directions. A thread that waits on the socket wakes up and sees its end.
void ShutDown(int socket);
// The number of bytes that have arrived but are not yet received.
std::size_t BytesWaiting(int socket);
// The number of sent bytes that the peer's kernel has not acknowledged.
std::size_t BytesUnacknowledged(int socket);

// Wait until the socket is ready; kTimeout if `deadline` passes first. A failed socket is ready: the next use of it
// returns the error.
Status WaitReadable(int socket, Deadline deadline);
Status WaitWritable(int socket, Deadline deadline);

}  // namespace kvs::io
