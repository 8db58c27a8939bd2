#include "io/mapped/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <limits>
#include <mutex>

#include "base/probe.h"
#include "base/system_error.h"

namespace kvs::io {
namespace {

constexpr std::uintptr_t kNoPage = std::numeric_limits<std::uintptr_t>::max();

struct Region {
  std::atomic<std::uintptr_t> begin{0};  // 0: free.
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::uint64_t> faults{0};
  std::atomic<std::uintptr_t> lowest_fault{kNoPage};
  std::atomic<bool> is_taken{false};
};

std::array<Region, FaultGuard::kRegionsMax> regions;
struct sigaction former_action;
std::uintptr_t page_bytes;

Region* FindRegion(std::uintptr_t address) {
  for (Region& region : regions) {
    const std::uintptr_t begin = region.begin.load(std::memory_order_acquire);  // P1
    if (begin != 0 && address >= begin && address - begin < region.bytes.load(std::memory_order_relaxed)) {
      return &region;
    }
  }
  return nullptr;
}

bool ReplaceByZeroes(std::uintptr_t begin, std::uintptr_t end) {
  void* const place = reinterpret_cast<void*>(begin);  // NOLINT(performance-no-int-to-ptr): a signal gives a number.
  void* const fresh = ::mmap(place, end - begin, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return fresh != MAP_FAILED;
}

std::uintptr_t NoteLowest(Region& region, std::uintptr_t page) {
  std::uintptr_t lowest = region.lowest_fault.load(std::memory_order_relaxed);      // R2
  while (page < lowest && !region.lowest_fault.compare_exchange_weak(lowest, page,  // R2
                                                                     std::memory_order_relaxed)) {
  }
  return std::min(page, lowest);
}

// Runs in a signal handler: mmap is a bare system call, and the rest is lock-free atomics.
bool Repair(void* fault) {
  const auto address = reinterpret_cast<std::uintptr_t>(fault);
  Region* const region = FindRegion(address);
  KVS_PROBE_IF(region == nullptr, "fault outside of mapped files");
  if (region == nullptr) return false;
  KVS_PROBE("page of a mapped file cannot be read");
  const std::uintptr_t page = address - address % page_bytes;
  const std::uintptr_t begin = region->begin.load(std::memory_order_relaxed);
  const std::uintptr_t bytes = region->bytes.load(std::memory_order_relaxed);
  const std::uintptr_t end = begin + (bytes + page_bytes - 1) / page_bytes * page_bytes;
  const std::uintptr_t lowest = NoteLowest(*region, page);
  const std::uint64_t faults = region->faults.fetch_add(1, std::memory_order_relaxed) + 1;  // R1
  if (faults <= FaultGuard::kPagesApartMax && ReplaceByZeroes(page, page + page_bytes)) return true;
  KVS_PROBE("rest of a mapped file becomes zeroes");
  // Replacing the whole region takes no further mapping, so it works even at the kernel's limit.
  return ReplaceByZeroes(lowest, end) || ReplaceByZeroes(begin - begin % page_bytes, end);
}

void OnBusError(int signal, siginfo_t* info, void* context) {
  const int saved_errno = errno;
  const bool repaired = Repair(info->si_addr);
  errno = saved_errno;
  if (repaired) return;
  if ((former_action.sa_flags & SA_SIGINFO) != 0 && former_action.sa_sigaction != nullptr) {
    former_action.sa_sigaction(signal, info, context);
    return;
  }
  ::sigaction(SIGBUS, &former_action, nullptr);  // The access repeats, and goes to the previous handler.
}

void Install() {
  page_bytes = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  struct sigaction action {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGBUS, &action, &former_action);
}

}  // namespace

Result<std::size_t> FaultGuard::Register(const void* begin, std::size_t bytes) {
  static std::once_flag installed;
  std::call_once(installed, Install);
  for (std::size_t i = 0; i < regions.size(); ++i) {
    Region& region = regions[i];
    if (region.is_taken.load(std::memory_order_relaxed)) continue;
    if (region.is_taken.exchange(true, std::memory_order_acquire)) continue;  // Pairs with Unregister().
    region.faults.store(0, std::memory_order_relaxed);                        // R1
    region.lowest_fault.store(kNoPage, std::memory_order_relaxed);            // R2
    region.bytes.store(bytes, std::memory_order_relaxed);
    region.begin.store(reinterpret_cast<std::uintptr_t>(begin), std::memory_order_release);  // P1
    return i;
  }
  return base::SystemError("too many mapped files", ENOMEM);
}

void FaultGuard::Unregister(std::size_t region) {
  regions[region].begin.store(0, std::memory_order_relaxed);
  regions[region].is_taken.store(false, std::memory_order_release);  // Pairs with the exchange in Register().
}

std::uint64_t FaultGuard::FaultCount(std::size_t region) {
  std::atomic_signal_fence(std::memory_order_seq_cst);            // S1
  return regions[region].faults.load(std::memory_order_relaxed);  // R1
}

}  // namespace kvs::io
