// The number of descriptors that this process may have open (RLIMIT_NOFILE), and the number that it has open.
//
// Threads     Call anything from any thread.
#pragma once

#include <cstddef>

namespace kvs::io {

// The current limit. The kernel assigns the lowest free number, so every descriptor is below it.
std::size_t DescriptorLimit();

// Raises the limit as far as possible without a privilege. Returns the new limit.
std::size_t RaiseDescriptorLimit();

// The number of open descriptors. If the system does not report it, the lowest free number.
std::size_t OpenDescriptors();

}  // namespace kvs::io
