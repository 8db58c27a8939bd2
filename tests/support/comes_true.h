// ComesTrue: waits for what gives no notice, in another thread or process, by asking again and again.
#pragma once

#include <chrono>
#include <thread>

namespace kvs::test {

// False: it did not within a minute.
template <class Condition>
bool ComesTrue(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // tidy-allow(sleep): nobody wakes the test.
  }
  return true;
}

}  // namespace kvs::test
