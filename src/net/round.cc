#include "net/round.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "base/check.h"
#include "base/prefetch.h"
#include "base/round_up.h"

namespace kvs::server {
namespace {

// The received bytes are packed in `room`, so that the processor's caches hold all of them.
void ReceiveTogether(Host& host, std::span<char> room, std::span<Session* const> group) {
  std::array<std::string_view, kServedTogether> inputs;
  std::size_t used = 0;
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i]->Receive(room.subspan(used));
    inputs[i] = group[i]->received();
    used = base::RoundUp(used + inputs[i].size(), base::kCacheLineBytes);
  }
  if (group.size() > 1) host.Prefetch({inputs.data(), group.size()});
}

}  // namespace

RoundSync ServeRound(Host& host, std::span<char> room, std::span<Session* const> sessions) noexcept {
  KVS_CHECK(room.size() >= Session::kReceiveBytes * std::min(kServedTogether, sessions.size()));
  RoundSync done;
  for (std::size_t first = 0; first < sessions.size(); first += kServedTogether) {
    const auto group = sessions.subspan(first, std::min(kServedTogether, sessions.size() - first));
    ReceiveTogether(host, room, group);
    for (Session* session : group) session->Execute();
    host.EndInput();
    for (Session* session : group) {
      if (session->has_unsettled_writes()) {
        ++done.sessions;
      } else {
        session->Output();
      }
    }
  }
  if (done.sessions == 0) return done;

  const auto begin = std::chrono::steady_clock::now();
  const Status sync = host.Sync();
  done.duration = std::chrono::steady_clock::now() - begin;
  for (Session* session : sessions) {
    if (!session->has_unsettled_writes()) continue;
    session->SettleWrites(sync);
    session->Output();
  }
  return done;
}

}  // namespace kvs::server
