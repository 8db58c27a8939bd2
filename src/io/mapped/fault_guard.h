// FaultGuard: turns a fault on mapped memory (a file cut short by someone, a bad sector, a full disk under a sparse
// file) into something the program can look at, instead of the end of the process.
//
// Design      A handler for SIGBUS puts a zeroed private page where the file's page could not be had, counts the fault
//             against the mapping, and lets the access go on. Zeroes never parse as a record, so a reader sees damage;
//             a writer asks FaultCount() after its copy. Nothing is paid on an access that does not fault.
//             Each page by itself would become a mapping of its own, and the kernel allows a process about 65,000. So
//             after kPagesApartMax faults of a region, all of it from the lowest unreadable page on becomes zeroes: of
//             a file that was cut short the part that is still there stays readable.
// Threads     Register() and Unregister() from any thread; the handler runs on the thread that faulted.
// Limits      kRegionsMax regions at a time. Faults outside of them take their former course.
//
// Fences      P1  begin:  release store in Register() -> acquire load in the handler. The size is there when seen.
//             R1  faults: relaxed. A fault is counted and read by the same thread, or seen some time later.
//             R2  lowest_fault: relaxed. It only sinks; two threads that fault together replace overlapping ranges.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kvs/result.h"

namespace kvs::io {

class FaultGuard {
 public:
  static constexpr std::size_t kRegionsMax = 65'536;
  // A bad sector costs only its own page; each of them may take two mappings more.
  static constexpr std::uint64_t kPagesApartMax = 2;

  // Watches [begin, begin + bytes) and returns the region's number. kIo: kRegionsMax regions are watched already.
  static Result<std::size_t> Register(const void* begin, std::size_t bytes);
  static void Unregister(std::size_t region);

  // How many faults the region has had.
  static std::uint64_t FaultCount(std::size_t region);
};

}  // namespace kvs::io
