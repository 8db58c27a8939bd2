// Figures of the system about this process and its machine.
//
// Threads     Call anything from any thread. Each call makes one or a few system calls.
#pragma once

#include <cstdint>
#include <string>

namespace kvs::io {

struct ResidentMemory {
  std::uint64_t bytes = 0;       // Resident memory, including pages of mapped files; 0: unknown.
  std::uint64_t file_bytes = 0;  // The part of it that is pages of mapped files.
};

ResidentMemory ReadResidentMemory();
std::uint64_t SystemMemoryBytes();
std::string ExecutablePath();  // Empty: unknown.
std::string SystemName();      // "Linux 6.1.0 x86_64"

}  // namespace kvs::io
