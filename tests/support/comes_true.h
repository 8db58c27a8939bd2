// ComesTrue: waits for what gives no notice, in another thread or process, by asking again and again.
#pragma once

#include <chrono>
#include <thread>

namespace kvs::test {

// False: it did not within `patience`.
template <class Condition>
bool ComesTrue(Condition condition, std::chrono::seconds patience = std::chrono::seconds(60)) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // tidy-allow(sleep): nobody wakes the test.
  }
  return true;
}

}  // namespace kvs::test
