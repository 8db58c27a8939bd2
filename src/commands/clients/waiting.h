// Handlers of the rows of CLIENT that are about clients that wait.
#pragma once

#include "commands/table/command.h"

namespace kvs::server {

void ClientPause(Call& call);
void ClientUnblock(Call& call);
void ClientUnpause(Call& call);

}  // namespace kvs::server
