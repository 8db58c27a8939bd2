#include "io/fault_guard.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>

namespace kvs::io {
namespace {

struct Region {
  std::atomic<std::uintptr_t> begin{0};  // 0: free.
  std::atomic<std::size_t> bytes{0};
  std::atomic<std::uint64_t> faults{0};
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

// Runs in a signal handler: mmap is a bare system call, and the rest is atomics without locks.
bool Repair(void* fault) {
  const auto address = reinterpret_cast<std::uintptr_t>(fault);
  Region* const region = FindRegion(address);
  if (region == nullptr) return false;
  void* const page = static_cast<char*>(fault) - address % page_bytes;
  void* const fresh = ::mmap(page, page_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (fresh == MAP_FAILED) return false;
  region->faults.fetch_add(1, std::memory_order_relaxed);  // R1
  return true;
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
  ::sigaction(SIGBUS, &former_action, nullptr);  // The access happens again, and takes its former course.
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
    region.bytes.store(bytes, std::memory_order_relaxed);
    region.begin.store(reinterpret_cast<std::uintptr_t>(begin), std::memory_order_release);  // P1
    return i;
  }
  return Error{.code = ErrorCode::kIo, .sys_errno = ENOMEM, .context = "too many mapped files"};
}

void FaultGuard::Unregister(std::size_t region) {
  regions[region].begin.store(0, std::memory_order_relaxed);
  regions[region].is_taken.store(false, std::memory_order_release);  // Pairs with the exchange in Register().
}

std::uint64_t FaultGuard::FaultCount(std::size_t region) {
  return regions[region].faults.load(std::memory_order_relaxed);  // R1
}

}  // namespace kvs::io
