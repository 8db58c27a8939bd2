// FaultGuard: turns a fault on mapped memory into a count that the program can check, instead of its death. Such faults
// come from a truncated file, a bad sector, or a full disk under a sparse file.
//
// Design      A SIGBUS handler maps a zeroed private page in place of the unreadable one, counts the fault for the
//             mapping, and lets the access continue. Zeroes never parse as a record, so a reader sees damage. A writer
//             checks FaultCount() after its copy. An access that does not fault costs nothing extra.
//             Each replaced page would become a mapping of its own, and the kernel allows a process about 65,000. So
//             after kPagesApartMax faults in a region, zeroes replace everything from the lowest unreadable page on.
//             The remaining part of a truncated file stays readable.
// Threads     Register() and Unregister() from any thread. The handler runs on the thread that faulted.
// Limits      kRegionsMax regions at a time. A fault outside of them goes to the previous handler.
//
// Fences      P1  begin:  release store in Register() -> acquire load in the handler. The handler that sees begin sees
//                 the size.
//             S1  faults: a signal fence in FaultCount() -> the handler, on the same thread. The accesses that the
//                 caller asks about are made before the count is read, also if the link inlines the call.
//             R1  faults: relaxed. The same thread counts a fault and reads the count; other threads may see it later.
//             R2  lowest_fault: relaxed. It only decreases. Two threads that fault together replace overlapping ranges.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kvs/result.h"

namespace kvs::io {

class FaultGuard {
 public:
  static constexpr std::size_t kRegionsMax = 65'536;
  // A bad sector costs only its own page. Each such page may take two more mappings.
  static constexpr std::uint64_t kPagesApartMax = 2;

  // Watches [begin, begin + bytes) and returns the region's number. kNoSpace: kRegionsMax regions are already watched.
  static Result<std::size_t> Register(const void* begin, std::size_t bytes);
  static void Unregister(std::size_t region);

  // The number of faults in the region so far.
  static std::uint64_t FaultCount(std::size_t region);
};

}  // namespace kvs::io
