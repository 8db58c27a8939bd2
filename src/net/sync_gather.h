// SyncGather: whether a loop waits for more clients before a round that ends with a sync.
//
// Design      A client that waits for each answer sends again as soon as it has it. Without a wait, such clients end up
//             in two halves that alternate, and need two syncs in place of one. So the loop waits for the clients that
//             the last sync has answered, for a small part of that sync's time. If they stay away, it skips waits
//             (sync::SkipBackoff). The wait is bound by a clock, since a client's next request crosses a network; the
//             store's committer yields to writers instead, which are threads of its own process.
// Threads     One thread at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/probe.h"
#include "sync/skip_backoff.h"

namespace kvs::server {

class SyncGather {
 public:
  using Clock = std::chrono::steady_clock;

  // The wait is at most this part of the last sync's time, and never longer than kWaitMax.
  static constexpr int kWaitShare = 4;
  static constexpr std::chrono::milliseconds kWaitMax{2};
  static constexpr std::uint32_t kSkipsMax = 256;  // Of waits, in a row.

  static constexpr std::uint64_t kNoRound = 0;

  // A round has ended at `now`.
  // clients: in, how many were answered after its sync; 0: there was no sync.
  // duration: in, of the sync.
  void EndRound(std::size_t clients, Clock::duration duration, Clock::time_point now) {
    ++round_;
    answered_ = 0;
    awaited_ = 0;
    if (clients < 2) return;
    if (backoff_.TakeSkip()) return;
    answered_ = awaited_ = clients;
    until_ = now + std::min<Clock::duration>(duration / kWaitShare, kWaitMax);
  }

  // The last round that has ended. A client remembers the round in which it was answered.
  std::uint64_t round() const { return round_; }
  // A client that was answered in `round` has sent its next request. Once per answered client.
  void NoteReturn(std::uint64_t round) {
    if (round == round_ && awaited_ > 0) --awaited_;
  }

  bool is_open() const { return answered_ > 0; }  // IsWaiting() may be true.
  // True: look for more clients. False: begin the round. Call it until it returns false.
  bool IsWaiting(Clock::time_point now) {
    if (answered_ == 0) return false;
    if (awaited_ > 0 && now < until_) return true;
    if (awaited_ > answered_ / 2) {
      KVS_PROBE("clients stay away from a gathered sync");
      backoff_.NoteFailure();
    } else {
      backoff_.NoteSuccess();
    }
    answered_ = 0;
    return false;
  }

 private:
  std::uint64_t round_ = kNoRound;
  std::size_t answered_ = 0;  // Clients of the last round; 0: the loop does not wait for them.
  std::size_t awaited_ = 0;   // Of these, how many have not come back.
  Clock::time_point until_{};
  sync::SkipBackoff backoff_{kSkipsMax};
};

}  // namespace kvs::server
