#include "io/event_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"

namespace kvs::io {
namespace {

int WaitMilliseconds(std::optional<Deadline> deadline) {
  if (!deadline) return -1;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - std::chrono::steady_clock::now()).count();
  return static_cast<int>(std::clamp<decltype(left)>(left, 0, 60'000));
}

}  // namespace

Result<std::unique_ptr<EventLoop>> EventLoop::Create() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll.is_open()) return base::SystemError("epoll_create1");
  UniqueFd wakeup(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!wakeup.is_open()) return base::SystemError("eventfd");

  std::unique_ptr<EventLoop> loop(new EventLoop(std::move(epoll), std::move(wakeup)));
  // The loop's own address marks the wake-up, because no owner can use it as a token.
  KVS_TRY(loop->Watch(loop->wakeup_.get(), {.readable = true}, loop.get()));
  return loop;
}

Status EventLoop::Watch(int fd, Interest interest, void* token) { return Control(EPOLL_CTL_ADD, fd, interest, token); }
Status EventLoop::Change(int fd, Interest interest, void* token) { return Control(EPOLL_CTL_MOD, fd, interest, token); }
Status EventLoop::Forget(int fd) { return Control(EPOLL_CTL_DEL, fd, {}, nullptr); }

Status EventLoop::Control(int operation, int fd, Interest interest, void* token) {
  epoll_event event{};
  event.events =
      (interest.readable ? EPOLLIN : 0U) | (interest.writable ? EPOLLOUT : 0U) | (interest.once ? EPOLLONESHOT : 0U);
  event.data.ptr = token;
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) return base::SystemError("epoll_ctl");
  return Ok();
}

Result<std::span<const Event>> EventLoop::Wait(std::optional<Deadline> deadline) {
  const int ready = ::epoll_wait(epoll_.get(), kernel_events_.data(), kEventsMax, WaitMilliseconds(deadline));
  KVS_PROBE_IF(ready < 0 && errno == EINTR, "event loop is interrupted");
  if (ready < 0 && errno != EINTR) return base::SystemError("epoll_wait");

  KVS_PROBE_IF(ready == kEventsMax, "more events than one wait takes");
  std::size_t count = 0;
  for (int i = 0; i < ready; ++i) {
    const epoll_event& event = kernel_events_[static_cast<std::size_t>(i)];
    if (event.data.ptr == this) {
      ClearWakeup();
      continue;
    }
    const bool has_failed = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
    events_[count++] = {.token = event.data.ptr,
                        .readable = has_failed || (event.events & EPOLLIN) != 0,
                        .writable = has_failed || (event.events & EPOLLOUT) != 0};
  }
  return std::span<const Event>(events_.data(), count);
}

void EventLoop::ClearWakeup() {
  std::uint64_t count;
  static_cast<void>(!::read(wakeup_.get(), &count, sizeof count));
}

void EventLoop::Wake() {
  // Preserves errno for signal handlers: one may run between a failed call and the check of its errno.
  const int saved_errno = errno;
  const std::uint64_t one = 1;
  // Fails only if the counter is full. Then the loop is about to wake anyway.
  static_cast<void>(!::write(wakeup_.get(), &one, sizeof one));
  errno = saved_errno;
}

}  // namespace kvs::io
