// The version of kvs, stated once: CMake reads it from here.
//
//     std::string_view(kvs::kVersion).starts_with("0.1.");  // == true
#pragma once

namespace kvs {

inline constexpr const char* kVersion = "0.1.0";

}  // namespace kvs
