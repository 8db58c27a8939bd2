// Listeners: the listening sockets of a loop. Watches them, accepts their clients, and pauses when accepting fails.
//
// Threads     Its loop's.
// Ownership   The event loop and the acceptors outlive it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "io/event_loop.h"
#include "net/acceptor.h"

namespace kvs::server {

class Listeners {
 public:
  explicit Listeners(io::EventLoop& event_loop) : event_loop_(event_loop) {}

  void Open(std::span<const std::unique_ptr<Acceptor>> acceptors, io::Deadline now);
  // Ends accepting, for good.
  void Close();

  // Accepts the clients of the listener that an event with this token came from. False: the token is not a listener's.
  bool Accept(const void* token);

  void ResumeDue(io::Deadline now);
  std::optional<io::Deadline> NextResume() const;  // nullopt: no listener pauses.

 private:
  struct Listener {  // Its address is the token of its socket.
    Acceptor* acceptor;
    std::optional<io::Deadline> resume_at{};  // Set while accepting pauses.
  };

  void Watch(Listener* listener, io::Deadline now);
  void Forget(const Listener& listener);

  io::EventLoop& event_loop_;
  std::vector<Listener> listeners_;
};

}  // namespace kvs::server
