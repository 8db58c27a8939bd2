// The commands that walk over the keys: their handlers. KVS.SCAN, which walks as well, is in kvs.cc.
#pragma once

#include "commands/table/command.h"

namespace kvs::server {

void Keys(Call& call);
void Scan(Call& call);
void RandomKey(Call& call);

}  // namespace kvs::server
