// CLIENT TRACKING and its like: handlers of rows of CLIENT, and the notes that a read makes for a client that tracks.
#pragma once

#include "commands/table/command.h"

namespace kvs::server {

void ClientCaching(Call& call);
void ClientGetRedirection(Call& call);
void ClientTracking(Call& call);
void ClientTrackingInfo(Call& call);

// Before a command runs: remembers the keys that it is about to read, if its client tracks them.
void RememberKeysRead(Call& call);

}  // namespace kvs::server
