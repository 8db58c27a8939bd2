// SyncGather: whether a loop should wait a moment for more clients before it begins a turn that will end with a sync.
//
// Design      Clients that wait for each answer come back as soon as they have it. A loop that goes on with those that
//             wrote during the last sync, and leaves them behind, has its clients in two halves from then on, and two
//             syncs for what one would do. So it waits for those whom the last sync has answered: a small part of what
//             that sync took, and not at all for a while where they did not come.
// Threads     One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/probe.h"

namespace kvs::server {

class SyncGather {
 public:
  using Clock = std::chrono::steady_clock;

  // The wait is at most this part of the last sync's time, and never longer than kWaitMax.
  static constexpr int kWaitShare = 4;
  static constexpr std::chrono::milliseconds kWaitMax{2};
  // Where they stay away, so many turns with a sync pass without a wait: one, then twice as many each time.
  static constexpr std::uint32_t kPauseMax = 256;

  static constexpr std::uint64_t kNoTurn = 0;

  // A turn has ended at `now`. `clients` of it were answered after a sync that took `duration`; 0: there was no sync.
  void EndTurn(std::size_t clients, Clock::duration duration, Clock::time_point now) {
    ++turn_;
    answered_ = 0;
    awaited_ = 0;
    if (clients < 2) return;
    if (pause_ > 0) {
      --pause_;
      return;
    }
    answered_ = awaited_ = clients;
    until_ = now + std::min<Clock::duration>(duration / kWaitShare, kWaitMax);
  }

  // The turn that has ended last: what a client is to remember when it was answered in it.
  std::uint64_t turn() const { return turn_; }
  // A client that remembers `turn` has sent something; to be told once for each.
  void NoteReturn(std::uint64_t turn) {
    if (turn == turn_ && awaited_ > 0) --awaited_;
  }

  bool is_open() const { return answered_ > 0; }  // Somebody may be waited for.
  // Whether to look for more clients, or to begin. Asked until it answers false.
  bool IsWaiting(Clock::time_point now) {
    if (answered_ == 0) return false;
    if (awaited_ > 0 && now < until_) return true;
    if (awaited_ > answered_ / 2) {
      KVS_PROBE("clients stay away from a gathered sync");
      pause_ = next_pause_;
      next_pause_ = std::min(2 * next_pause_, kPauseMax);
    } else {
      next_pause_ = 1;
    }
    answered_ = 0;
    return false;
  }

 private:
  std::uint64_t turn_ = kNoTurn;
  std::size_t answered_ = 0;  // By the last turn, if they are waited for.
  std::size_t awaited_ = 0;   // Those of them that have not come back.
  Clock::time_point until_{};
  std::uint32_t pause_ = 0;
  std::uint32_t next_pause_ = 1;
};

}  // namespace kvs::server
