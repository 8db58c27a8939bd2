// EventLoop: waits for sockets, for a point in time, and for other threads, whichever comes first (epoll and eventfd).
//
// Design      Wait() hands the events out instead of calling back, so that its owner sees everything that is ready
//             together. Level-triggered: what was not finished is reported again.
// Threads     One thread owns the loop. Wake() may be called from any thread and from a signal handler.
// Ownership   The owner keeps a watched descriptor open, and its token valid, until Forget() or until it closes it.
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
  bool once = false;  // Report one event, then nothing until Change() asks again.

  friend bool operator==(const Interest&, const Interest&) = default;
};

struct Event {
  void* token;
  bool readable;  // Both are set for a socket that has failed: using it tells the error.
  bool writable;
};

class EventLoop {
 public:
  static constexpr std::size_t kEventsMax = 256;  // Handed out by one Wait(); the rest comes with the next.

  static Result<std::unique_ptr<EventLoop>> Create();

  Status Watch(int fd, Interest interest, void* token);
  Status Change(int fd, Interest interest, void* token);
  Status Forget(int fd);

  // Returns when something is ready, when `deadline` has passed (nullopt: never), or after Wake(); the events may be
  // none, and are valid until the next call.
  Result<std::span<const Event>> Wait(std::optional<Deadline> deadline);

  void Wake();

 private:
  EventLoop(UniqueFd epoll, UniqueFd wakeup) : epoll_(std::move(epoll)), wakeup_(std::move(wakeup)) {}
  Status Control(int operation, int fd, Interest interest, void* token);
  void ClearWakeup();

  // Constant after construction.
  UniqueFd epoll_;
  UniqueFd wakeup_;

  // Of the owning thread.
  std::array<epoll_event, kEventsMax> kernel_events_;
  std::array<Event, kEventsMax> events_;
};

}  // namespace kvs::io
