// Die: ends a bench program whose figures would mean nothing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace kvs::bench {

[[noreturn]] inline void Die(const std::string& reason) {
  std::fprintf(stderr, "%s\n", reason.c_str());
  std::fflush(nullptr);
  std::_Exit(EXIT_FAILURE);  // Other threads may be at work: nothing is torn down under them.
}

}  // namespace kvs::bench
