// LogLines: the lines that a server under test writes into its log.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kvs::test {

// Any thread.
class LogLines {
 public:
  std::function<void(const std::string&)> sink() {
    return [this](const std::string& line) {
      const std::lock_guard lock(mutex_);
      lines_.push_back(line);
    };
  }
  std::size_t CountWith(const std::string& words) {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        lines_.begin(), lines_.end(), [&](const std::string& line) { return line.find(words) != std::string::npos; }));
  }
  // Waits for a line with these words. False: none came for a minute.
  bool Come(const std::string& words) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (CountWith(words) == 0) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      std::this_thread::yield();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace kvs::test
