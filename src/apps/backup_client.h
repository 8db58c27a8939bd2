// Asks a running server for a backup, over RESP.
//
// Errors      As kvs/backup.h; kIo and kTimeout of the connection. What the server refuses is kInvalidArgument, with
//             its words.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "kvs/address.h"
#include "kvs/backup.h"
#include "kvs/result.h"

namespace kvs::apps {

// Returns once the backup is made. If the caller goes away before, the server still makes it.
Result<BackupInfo> CreateByServer(const Address& address, const std::filesystem::path& to,
                                  std::uint64_t bytes_per_second,
                                  const std::function<bool(const BackupProgress&)>& progress);

}  // namespace kvs::apps
