// INFO: its handler.
#pragma once

#include "commands/table/command.h"

namespace kvs::server {

void Info(Call& call);

}  // namespace kvs::server
