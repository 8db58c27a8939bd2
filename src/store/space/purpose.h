// Purpose: what a record is for, which decides what room it may take on a full disk.
#pragma once

#include <cstdint>

namespace kvs::store {

// Removals may use a small reserve, since they are the way out. Removing what has expired leaves half of it to users.
enum class Purpose : std::uint8_t { kStore, kRemove, kExpire };

}  // namespace kvs::store
