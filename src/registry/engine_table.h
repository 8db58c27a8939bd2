// The table of engines: one row per engine.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "io/file_system.h"
#include "kvs/engine.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"

namespace kvs::registry {

struct EngineEntry {
  std::string_view name;  // As on the command line and in the marker file.

  // Files in every directory of this engine. They identify the engine if the marker file is missing. The second may be
  // empty.
  std::array<std::string_view, 2> telling_files;

  // Ok if this build has the engine. Otherwise kUnsupported, and how to get a build that has it.
  Status (*check_built_in)();

  // Opens `directory`. lock: in, of the directory. The engine holds it as long as it lives, or releases it if it locks
  // by itself.
  Result<std::shared_ptr<KvsEngine>> (*open)(const std::filesystem::path& directory, const KvStoreOptions& options,
                                             std::unique_ptr<io::DirectoryLock> lock);
};

// The first engine is the default for an empty directory.
std::span<const EngineEntry> EngineTable();

const EngineEntry* FindEngine(std::string_view name);  // nullptr: there is no engine of that name.

std::string EngineNames();  // "kvs, sled, rocksdb", for messages.

}  // namespace kvs::registry
