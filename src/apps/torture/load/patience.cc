#include "apps/torture/load/patience.h"

#include <thread>

namespace kvs::torture {

bool Await(FunctionRef<bool()> is_so, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kStep{2};
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kStep);  // tidy-allow(sleep): other processes wake nobody here.
  }
  return true;
}

}  // namespace kvs::torture
