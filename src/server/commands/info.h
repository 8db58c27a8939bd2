// INFO: its handler.
#pragma once

#include "server/commands/command.h"

namespace kvs::server {

void Info(Call& call);

}  // namespace kvs::server
