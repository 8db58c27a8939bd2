// KeepTornBytes: copies the torn bytes of a segment to a file beside it, before they are cut off.
//
// Durability  After Ok() the copy survives power loss, if there is one.
// Errors      kNoSpace, kIo: there is no copy. If only the process died, and not the machine, the bytes are half a
//             record that no client has an answer for. Then a failed copy is only logged.
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
