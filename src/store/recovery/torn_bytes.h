// KeepTornBytes: keeps what is cut off the end of the log in a file beside its segment, before it goes.
//
// Durability  After Ok() the copy survives power loss.
// Errors      kNoSpace, kIo: there is no copy. Of a record that was half written when its process died, nobody was told
//             anything, and it is only logged.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "io/file_system.h"
#include "kvs/result.h"
#include "store/recovery/log_end.h"

namespace kvs::store {

Status KeepTornBytes(io::FileSystem& files, const std::filesystem::path& directory, const OpenPart& part,
                     const std::function<void(const std::string&)>& log);

}  // namespace kvs::store
