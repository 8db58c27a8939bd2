// Tally: how much a test that draws at random has tried. ./dev reliability adds the lines up, and prints them.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace kvs::test {

// Appends one line, "WHAT<tab>COUNT", to the file that the environment variable KVS_TALLY names; without it, nothing.
// Any thread, any process: a line is written by one call.
inline void Tally(std::string_view what, std::uint64_t count) {
  const char* const path = std::getenv("KVS_TALLY");
  if (path == nullptr) return;
  const int file = ::open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  const std::string line = std::string(what) + "\t" + std::to_string(count) + "\n";
  if (::write(file, line.data(), line.size()) < 0) std::perror(path);
  ::close(file);
}

}  // namespace kvs::test
