// Where the server's backups go.
#pragma once

#include <string>

#include "service/server_state.h"

namespace kvs::server {

// The directory of the setting backup-dir; empty: no backups are to be made.
std::string BackupDirectory(const ServerState& server);

}  // namespace kvs::server
