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

void RunTurn(ServerContext& context, std::span<Session* const> sessions) noexcept {
  bool needs_sync = false;
  for (Session* session : sessions) {
    session->Input();
    if (session->has_unsettled_writes()) {
      needs_sync = true;
    } else {
      session->Output();
    }
  }
  if (!needs_sync) return;

  const Status sync = SyncEngine(context);
  for (Session* session : sessions) {
    if (!session->has_unsettled_writes()) continue;
    session->SettleWrites(sync);
    session->Output();
  }
}

}  // namespace kvs::server
