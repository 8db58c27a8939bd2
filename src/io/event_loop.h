// EventLoop: waits until a socket is ready, a deadline passes, or another thread wakes it (epoll and eventfd).
//
// Design      Wait() returns the events instead of calling back, so that the owner sees all ready sockets together. The
//             loop is level-triggered: an event that was not fully handled is reported again.
// Threads     One thread owns the loop. Wake() may be called from any thread and from a signal handler.
// Ownership   The owner keeps a watched descriptor open and its token valid, until it calls Forget() or closes the
//             descriptor.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "io/socket.h"
#include "io/unique_fd.h"
#include "kvs/result.h"

namespace kvs::io {

struct Interest {
  bool readable = false;
  bool writable = false;
  bool once = false;  // Reports one event, then nothing until Change().

  friend bool operator==(const Interest&, const Interest&) = default;
};

struct Event {
  void* token;
  bool readable;  // Both are set for a failed socket: the next use of it returns the error.
  bool writable;
};

class EventLoop {
 public:
  static constexpr std::size_t kEventsMax = 256;  // Per Wait(). The next call returns the rest.

  static Result<std::unique_ptr<EventLoop>> Create();

  Status Watch(int fd, Interest interest, void* token);
  Status Change(int fd, Interest interest, void* token);
  Status Forget(int fd);

  // Returns when an event is ready, when `deadline` has passed (nullopt: never), or after Wake(). The result may be
  // empty, and is valid until the next call.
  Result<std::span<const Event>> Wait(std::optional<Deadline> deadline);

  void Wake();

 private:
  EventLoop(UniqueFd epoll, UniqueFd wakeup) : epoll_(std::move(epoll)), wakeup_(std::move(wakeup)) {}
  Status Control(int operation, int fd, Interest interest, void* token);
  void ClearWakeup();

  // Constant after construction.
  UniqueFd epoll_;
  UniqueFd wakeup_;

  // Used by the owning thread only.
  std::array<epoll_event, kEventsMax> kernel_events_;
  std::array<Event, kEventsMax> events_;
};

}  // namespace kvs::io
