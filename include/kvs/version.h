// The version of kvs, stated once: CMake reads it from here.
#pragma once

namespace kvs {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace kvs
