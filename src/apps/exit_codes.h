// The exit codes of the programs, as their help texts state them.
#pragma once

namespace kvs::apps {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;  // The command failed, or a key to remove is absent.
inline constexpr int kExitUsage = 2;  // The command line is wrong; nothing was done.

}  // namespace kvs::apps
