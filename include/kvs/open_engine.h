// OpenEngine: opens a directory with the engine it belongs to.
//
//     auto engine = kvs::OpenEngine("kvs", "data").value();
//     engine->Set("greeting", "hello").has_value();               // == true
//     engine.reset();
//     kvs::OpenEngine(std::nullopt, "data").value()->Name();      // == "kvs"
//     kvs::OpenEngine("rocksdb", "data").error().code;            // == kvs::ErrorCode::kWrongEngine
//
// A directory remembers its engine in the marker file ENGINE, so data is never read by the wrong one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "kvs/engine.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"

namespace kvs {

// `name`: "kvs", "sled" or "rocksdb"; nullopt: the engine already in use, else "kvs". `options` is for the engines that
// know them. kInvalidArgument: unknown name. kWrongEngine: the directory holds another engine's data. kInUse: another
// process has it open; the context names its pid. kUnsupported: this build has no such engine.
Result<std::shared_ptr<KvsEngine>> OpenEngine(std::optional<std::string_view> name,
                                              const std::filesystem::path& directory,
                                              const KvStoreOptions& options = {});

}  // namespace kvs
