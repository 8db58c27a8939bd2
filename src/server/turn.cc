#include "server/turn.h"

namespace kvs::server {
namespace {

Status SyncEngine(ServerContext& context) {
  Status sync = context.engine->Sync();
  const bool was_failing = context.sync_is_failing.exchange(!sync, std::memory_order_relaxed);  // R1
  if (!sync && !was_failing) context.Log("sync failed, writes are answered with the error: " + sync.error().ToString());
  return sync;
}

}  // namespace

TurnSync RunTurn(ServerContext& context, std::span<Session* const> sessions) noexcept {
  TurnSync done;
  for (Session* session : sessions) {
    session->Input();
    if (session->has_unsettled_writes()) {
      ++done.sessions;
    } else {
      session->Output();
    }
  }
  if (done.sessions == 0) return done;

  const auto begin = std::chrono::steady_clock::now();
  const Status sync = SyncEngine(context);
  done.duration = std::chrono::steady_clock::now() - begin;
  context.state.observation.latency.Note("aof-fsync-always", done.duration);
  for (Session* session : sessions) {
    if (!session->has_unsettled_writes()) continue;
    session->SettleWrites(sync);
    session->Output();
  }
  return done;
}

}  // namespace kvs::server
