// The end of a transaction, when its connection ends or EXEC is rejected.
#pragma once

#include "service/client_state.h"
#include "service/server_state.h"

namespace kvs::server {

void ForgetWatches(ClientState& client, ServerState& server);
// Drops the queued commands and the watches.
void EndTransaction(ClientState& client, ServerState& server);

}  // namespace kvs::server
