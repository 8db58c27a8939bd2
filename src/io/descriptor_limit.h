// How many descriptors this process may have open (RLIMIT_NOFILE), and how many it has.
//
// Threads     Call anything from any thread.
#pragma once

#include <cstddef>

namespace kvs::io {

// The limit as it is now. The system gives out the lowest free number, so each number is below it.
std::size_t DescriptorLimit();

// Raises the limit as far as the system allows without a privilege. Returns what it is now.
std::size_t RaiseDescriptorLimit();

// How many are open. Where the system does not tell, the lowest free number.
std::size_t OpenDescriptors();

}  // namespace kvs::io
