// ServeRound: one turn for each of some sessions, with one sync for all of them.
//
// Design      A direct loop calls it with all ready sessions, a job of the pool with one. A round costs at most one
//             Host::Sync(), however many writes and sync requests it executes. Some sessions are received from before
//             the first of them executes anything. So the memory that their requests need is fetched together.
// Durability  A reply that depends on the sync is sent after it, and is an error if the sync has failed.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "net/host.h"
#include "net/session.h"

namespace kvs::server {

struct RoundSync {
  std::size_t sessions = 0;  // That were answered after the sync; 0: there was no sync.
  std::chrono::steady_clock::duration duration{};
};

// The most sessions that are received from, executed and answered together. A client that is waiting has to be woken by
// the send. One process often has many connections: awake for the first answer it finds the others. With more sessions,
// each would wait for the work of too many others.
inline constexpr std::size_t kServedTogether = 16;

// room: in, for the received bytes: Session::kReceiveBytes for each session, up to kServedTogether of them.
// noexcept: a connection handles lack of memory itself.
RoundSync ServeRound(Host& host, std::span<char> room, std::span<Session* const> sessions) noexcept;

}  // namespace kvs::server
