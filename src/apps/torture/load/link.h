// Link: a connection that sends many RESP commands together and takes their replies in order.
//
// Threads     One thread at a time.
// Limits      A server that neither takes nor sends a byte for kLinkPatience has hung.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/unique_fd.h"
#include "kvs/address.h"
#include "kvs/function_ref.h"

namespace kvs::torture {

inline constexpr std::chrono::seconds kLinkPatience{60};

// Appends a command to `request`.
void AppendCommand(std::string& request, const std::vector<std::string_view>& words);

// The string in a reply that is one; nullopt: it is null.
std::optional<std::string_view> TextOf(std::string_view reply);

class Link {
 public:
  enum class Outcome { kAnswered, kEnded, kHung };

  // nullopt: nobody listens there.
  static std::optional<Link> Connect(const Address& address);

  // Sends `request` and gives `replies` replies to `visit`. Returns kEnded early when `gives_up` becomes true.
  Outcome Exchange(std::string_view request, std::size_t replies, FunctionRef<void(std::string_view)> visit,
                   const std::atomic<bool>& gives_up);

  // One command; nullopt: there was no answer.
  std::optional<std::string> Call(const std::vector<std::string_view>& words);

 private:
  explicit Link(io::UniqueFd socket) : socket_(std::move(socket)) {}

  bool TakeReply(FunctionRef<void(std::string_view)> visit);  // False: there is no whole one.
  // Waits a moment for the socket, then sends and receives as many bytes as it can, and returns their number. nullopt:
  // the connection has ended.
  std::optional<std::size_t> Transfer(std::string_view* request);
  std::optional<std::size_t> ReceiveSome();

  io::UniqueFd socket_;
  std::string input_;
  std::size_t consumed_ = 0;  // Of input_.
};

}  // namespace kvs::torture
