// Die: ends the process with a message. It is the only answer of the bench to a failure.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kvs::bench {

[[noreturn]] inline void Die(const std::string& message) {
  std::fprintf(stderr, "kvs-bench: %s\n", message.c_str());
  std::exit(EXIT_FAILURE);
}

}  // namespace kvs::bench
