#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kvs::base {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "kvs: internal error, please report it: %s:%d: %s does not hold\n", file, line, condition);
  std::abort();
}

}  // namespace kvs::base
