// The engines of kvs: one row for each. Another engine is another row.
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
  std::string_view name;  // On the command line and in the marker file.

  // Files that every directory of this engine has: they tell whose data it is where the marker file is missing. The
  // second may be empty.
  std::array<std::string_view, 2> telling_files;

  // Ok where this build has the engine; otherwise kUnsupported, and what to do about it.
  Status (*check_built_in)();

  // Opens `directory`, whose lock is handed over: to hold it as long as the engine lives, or to give it back to an
  // engine that locks by itself.
  Result<std::shared_ptr<KvsEngine>> (*open)(const std::filesystem::path& directory, const KvStoreOptions& options,
                                             std::unique_ptr<io::DirectoryLock> lock);
};

// The first is the default of an empty directory.
std::span<const EngineEntry> EngineTable();

const EngineEntry* FindEngine(std::string_view name);  // nullptr: there is none of that name.

std::string EngineNames();  // "kvs, sled, rocksdb": for messages.

}  // namespace kvs::registry
