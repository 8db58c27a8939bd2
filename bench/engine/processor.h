// Processor: the machine's processor, as the kernel describes it, for readers who compare runs of several machines.
//
// Threads     Any.
// Errors      None: a field that the kernel does not tell stays empty, or 0.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kvs::bench {

// The kinds that have a page of figures and goals of their own.
enum class ProcessorKind : std::uint8_t { kAmd, kIntel, kOther };

struct Processor {
  ProcessorKind kind = ProcessorKind::kOther;
  std::string name{};  // The kernel's "model name". A virtual machine may be told a shortened one.
  unsigned family = 0;
  unsigned model = 0;
  std::vector<std::string> flags{};   // Those of the instructions that stores choose their code by.
  std::vector<std::string> caches{};  // Of the first core, the nearest first: "L1 Data 32K", "L2 Unified 512K".

  std::string kind_name() const;  // "amd", "intel", "other".
  std::string Describe() const;   // All of it, in one line.
};

// Reads `root`/proc/cpuinfo and `root`/sys/devices/system/cpu/cpu0/cache.
Processor ReadProcessor(const std::filesystem::path& root = "/");

}  // namespace kvs::bench
