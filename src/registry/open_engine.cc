#include "kvs/open_engine.h"

#include <string>
#include <utility>

#include "base/probe.h"
#include "base/try.h"
#include "io/file_system.h"
#include "log/file_names.h"
#include "log/marker.h"
#include "registry/engine_table.h"

namespace kvs {
namespace {

using registry::EngineEntry;

Result<bool> HasTellingFiles(io::FileSystem& file_system, const std::filesystem::path& directory,
                             const EngineEntry& entry) {
  for (const std::string_view name : entry.telling_files) {
    if (name.empty()) continue;
    KVS_TRY_ASSIGN(const bool is_there, file_system.Exists(directory / name));
    if (!is_there) return false;
  }
  return true;
}

// The engine whose files are in a directory without a marker; nullptr: there is none.
Result<const EngineEntry*> DetectEngine(io::FileSystem& file_system, const std::filesystem::path& directory) {
  const EngineEntry* found = nullptr;
  for (const EngineEntry& entry : registry::EngineTable()) {
    KVS_TRY_ASSIGN(const bool is_there, HasTellingFiles(file_system, directory, entry));
    if (!is_there) continue;
    if (found != nullptr) {
      return Error{.code = ErrorCode::kCorruption,
                   .context = directory.string() + " holds the files of two engines, " + std::string(found->name) +
                              " and " + std::string(entry.name) + ", and the marker file ENGINE is missing"};
    }
    found = &entry;
  }
  return found;
}

// The engine that the directory names; nullopt: the directory is new.
Result<std::optional<std::string>> EngineInUse(io::FileSystem& file_system, const std::filesystem::path& directory) {
  KVS_TRY_ASSIGN(std::optional<std::string> marked, log::ReadMarker(file_system, directory));
  if (marked) return marked;
  KVS_TRY_ASSIGN(const EngineEntry* const detected, DetectEngine(file_system, directory));
  if (detected == nullptr) return std::optional<std::string>();
  return std::optional<std::string>(detected->name);
}

Result<const EngineEntry*> ChooseEngine(const EngineEntry* requested, const std::optional<std::string>& in_use,
                                        const std::filesystem::path& directory) {
  if (!in_use) return requested != nullptr ? requested : &registry::EngineTable().front();
  if (requested != nullptr && requested->name != *in_use) {
    return Error{.code = ErrorCode::kWrongEngine,
                 .context = directory.string() + " holds data of the engine " + *in_use + ", not of " +
                            std::string(requested->name) + ": open it with that engine, or choose another directory"};
  }
  const EngineEntry* const entry = registry::FindEngine(*in_use);
  if (entry != nullptr) return entry;
  return Error{.code = ErrorCode::kUnsupported,
               .context = directory.string() + " holds data of the engine " + *in_use +
                          ", which this version of kvs does not have; it has " + registry::EngineNames()};
}

// Refuses a directory with a foreign file that has the name of an engine's file, because the engine would read it as
// data.
Status CheckIsFree(io::FileSystem& file_system, const std::filesystem::path& directory, const EngineEntry& entry) {
  for (const std::string_view name : entry.telling_files) {
    if (name.empty()) continue;
    KVS_TRY_ASSIGN(const bool is_there, file_system.Exists(directory / name));
    if (!is_there) continue;
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = directory.string() + " holds a file " + std::string(name) + ", but no data of the engine " +
                            std::string(entry.name) + ": choose another directory"};
  }
  return Ok();
}

}  // namespace

Result<std::shared_ptr<KvsEngine>> OpenEngine(std::optional<std::string_view> name,
                                              const std::filesystem::path& directory, const KvStoreOptions& options) {
  const EngineEntry* const requested = name ? registry::FindEngine(*name) : nullptr;
  if (name && requested == nullptr) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "there is no engine '" + std::string(*name) + "'; there are " + registry::EngineNames()};
  }

  io::FileSystem& file_system = io::PosixFileSystem();
  KVS_TRY(file_system.CreateDirectories(directory));
  KVS_TRY_ASSIGN(std::unique_ptr<io::DirectoryLock> lock, file_system.LockDirectory(directory));
  KVS_TRY_ASSIGN(const std::optional<std::string> in_use, EngineInUse(file_system, directory));
  KVS_TRY_ASSIGN(const EngineEntry* const entry, ChooseEngine(requested, in_use, directory));
  KVS_TRY(entry->check_built_in());
  if (!in_use) {
    KVS_TRY(CheckIsFree(file_system, directory, *entry));
    KVS_TRY(log::WriteMarker(file_system, directory, entry->name));
  }
  KVS_TRY_ASSIGN(std::shared_ptr<KvsEngine> engine, entry->open(directory, options, std::move(lock)));
  KVS_TRY_ASSIGN(const bool is_marked, file_system.Exists(directory / log::kMarkerFileName));
  // The marker may fail on a full disk: the files identified the engine, and will again.
  KVS_PROBE_IF(!is_marked, "directory without a marker is marked");
  if (!is_marked) static_cast<void>(log::WriteMarker(file_system, directory, entry->name).has_value());
  return engine;
}

}  // namespace kvs
