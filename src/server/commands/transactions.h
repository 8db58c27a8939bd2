// What a connection needs of transactions: their end, when it ends, or when EXEC is rejected.
#pragma once

#include "server/client_state.h"
#include "server/server_state.h"

namespace kvs::server {

void ForgetWatches(ClientState& client, ServerState& server);
// Drops what was queued, and the watches.
void EndTransaction(ClientState& client, ServerState& server);

}  // namespace kvs::server
