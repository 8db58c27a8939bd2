// All of the public API of kvs.
//
//     auto store = kvs::KvStore::Open("data").value();
//     const auto greet = [](std::optional<std::string_view> seen) { return std::string(seen ? "again" : "hello"); };
//     store->Update("visitor", greet).has_value();  // == true
//     store->Update("visitor", greet).has_value();  // == true
//     store->Get("visitor").value();                // == "again"
#pragma once

#include "kvs/address.h"          // IWYU pragma: export
#include "kvs/backup.h"           // IWYU pragma: export
#include "kvs/client.h"           // IWYU pragma: export
#include "kvs/engine.h"           // IWYU pragma: export
#include "kvs/function_ref.h"     // IWYU pragma: export
#include "kvs/inspect.h"          // IWYU pragma: export
#include "kvs/kv_store.h"         // IWYU pragma: export
#include "kvs/open_engine.h"      // IWYU pragma: export
#include "kvs/result.h"           // IWYU pragma: export
#include "kvs/rocksdb_engine.h"   // IWYU pragma: export
#include "kvs/salvage.h"          // IWYU pragma: export
#include "kvs/server.h"           // IWYU pragma: export
#include "kvs/sled_kvs_engine.h"  // IWYU pragma: export
#include "kvs/thread_pool.h"      // IWYU pragma: export
#include "kvs/version.h"          // IWYU pragma: export
