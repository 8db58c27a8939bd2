// OpenEngine: opens a directory with the engine that it belongs to.
//
//     auto engine = kvs::OpenEngine("kvs", "data").value();
//     engine->Set("greeting", "hello").has_value();               // == true
//     engine.reset();
//     kvs::OpenEngine(std::nullopt, "data").value()->Name();      // == "kvs"
//     kvs::OpenEngine("rocksdb", "data").error().code;            // == kvs::ErrorCode::kWrongEngine
//
// The marker file ENGINE in a directory names its engine, so the wrong engine never reads the data.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

#include "kvs/engine.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"

namespace kvs {

// name: in, "kvs", "sled" or "rocksdb"; nullopt: the engine in use there, otherwise "kvs".
// options: in, for the engines that support them.
// kInvalidArgument: unknown name. kWrongEngine: the directory holds another engine's data. kInUse: another process has
// it open; the context names its pid. kUnsupported: this build has no such engine.
Result<std::shared_ptr<KvsEngine>> OpenEngine(std::optional<std::string_view> name,
                                              const std::filesystem::path& directory,
                                              const KvStoreOptions& options = {});

}  // namespace kvs
