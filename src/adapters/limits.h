// The limits of engine.h, for engines that do not check them. kInvalidArgument: a limit is broken.
#pragma once

#include <string_view>

#include "kvs/engine.h"
#include "kvs/result.h"

namespace kvs::adapters {

Status CheckKey(std::string_view key);
Status CheckValue(std::string_view value);
Status CheckBatch(const WriteBatch& batch);

}  // namespace kvs::adapters
