// What the system tells about this process and its machine.
//
// Threads     Call anything from any thread. Each is a system call or a few.
#pragma once

#include <cstdint>
#include <string>

namespace kvs::io {

struct ResidentMemory {
  std::uint64_t bytes = 0;       // In memory now, pages of mapped files among them; 0: the system does not tell.
  std::uint64_t file_bytes = 0;  // Of which are pages of mapped files.
};

ResidentMemory ReadResidentMemory();
std::uint64_t SystemMemoryBytes();
std::string ExecutablePath();  // Empty: the system does not tell.
std::string SystemName();      // "Linux 6.1.0 x86_64"

}  // namespace kvs::io
