// Purpose: the purpose of a record, which decides how much room it may take on a full disk.
#pragma once

#include <cstdint>

namespace kvs::store {

// Removals may use a small reserve, because they free space. Removals of expired pairs leave half of it to users.
enum class Purpose : std::uint8_t { kStore, kRemove, kExpire };

}  // namespace kvs::store
