// The exit codes of the programs, as their help texts state them.
#pragma once

namespace kvs::apps {

inline constexpr int kExitOk = 0;
inline constexpr int kExitError = 1;  // What was asked for failed, or a key to remove is not there.
inline constexpr int kExitUsage = 2;  // The command line was not understood; nothing was done.

}  // namespace kvs::apps
