#include "net/listeners.h"

#include <algorithm>
#include <chrono>

namespace kvs::server {
namespace {

constexpr std::chrono::seconds kWatchPause{1};  // The kernel was short of memory.

}  // namespace

void Listeners::Open(std::span<const std::unique_ptr<Acceptor>> acceptors, io::Deadline now) {
  for (const auto& acceptor : acceptors) listeners_.push_back({.acceptor = acceptor.get()});
  for (Listener& listener : listeners_) Watch(&listener, now);
}

void Listeners::Close() {
  for (const Listener& listener : listeners_) {
    if (!listener.resume_at) Forget(listener);
  }
  listeners_.clear();
}

bool Listeners::Accept(const void* token) {
  for (Listener& listener : listeners_) {
    if (token != &listener) continue;
    listener.resume_at = listener.acceptor->AcceptWaiting();
    if (listener.resume_at) Forget(listener);
    return true;
  }
  return false;
}

void Listeners::ResumeDue(io::Deadline now) {
  for (Listener& listener : listeners_) {
    if (listener.resume_at && *listener.resume_at <= now) Watch(&listener, now);
  }
}

std::optional<io::Deadline> Listeners::NextResume() const {
  std::optional<io::Deadline> next;
  for (const Listener& listener : listeners_) {
    if (listener.resume_at) next = next ? std::min(*next, *listener.resume_at) : *listener.resume_at;
  }
  return next;
}

void Listeners::Watch(Listener* listener, io::Deadline now) {
  listener->resume_at.reset();
  const Status watched = event_loop_.Watch(listener->acceptor->socket(), {.readable = true}, listener);
  if (!watched) listener->resume_at = now + kWatchPause;
}

void Listeners::Forget(const Listener& listener) {
  static_cast<void>(event_loop_.Forget(listener.acceptor->socket()).has_value());
}

}  // namespace kvs::server
