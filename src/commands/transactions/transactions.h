// What a connection needs of transactions: their end, when it ends, or when EXEC is rejected.
#pragma once

#include "service/client_state.h"
#include "service/server_state.h"

namespace kvs::server {

void ForgetWatches(ClientState& client, ServerState& server);
// Drops what was queued, and the watches.
void EndTransaction(ClientState& client, ServerState& server);

}  // namespace kvs::server
