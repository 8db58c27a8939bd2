// ServeRound: one turn of some sessions: input, one sync if writes wait for it, output.
//
// Design      Both ways to drive a server come here: a direct loop with all sessions that are ready, a job of the pool
//             with one. However many writes and sync requests a turn has executed, it costs one Host::Sync().
// Durability  No answer that depends on the sync is sent before it, and none says Ok() when it has failed.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

#include "net/host.h"
#include "net/session.h"

namespace kvs::server {

struct RoundSync {
  std::size_t sessions = 0;  // That were answered after the turn's sync; 0: there was none.
  std::chrono::steady_clock::duration duration{};
};

// noexcept: a connection copes with a want of memory.
RoundSync ServeRound(Host& host, std::span<Session* const> sessions) noexcept;

}  // namespace kvs::server
