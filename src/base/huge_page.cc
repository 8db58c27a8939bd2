#include "base/huge_page.h"

#include <sys/mman.h>

#include <cstdint>
#include <new>
#include <utility>

namespace kvs::base {
namespace {

#if !defined(MADV_COLLAPSE)
constexpr int MADV_COLLAPSE = 25;  // Since Linux 6.1. Older kernels refuse it, and merge the pages later by themselves.
#endif

// Anonymous memory has no descriptor and no name in the world, so it need not go through io. nullptr: no memory is
// left.
char* MapAligned() {
  constexpr std::size_t kReserved = 2 * HugePage::kBytes;
  void* const reserved =
      // tidy-allow(system-call): memory alone, for a floor below io
      ::mmap(nullptr, kReserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return nullptr;
  char* const begin = static_cast<char*>(reserved);
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(begin) % HugePage::kBytes;
  const std::size_t head = misaligned == 0 ? 0 : HugePage::kBytes - misaligned;
  const std::size_t tail = kReserved - head - HugePage::kBytes;
  if (head > 0) ::munmap(begin, head);                            // tidy-allow(system-call): as above
  if (tail > 0) ::munmap(begin + head + HugePage::kBytes, tail);  // tidy-allow(system-call): as above
  return begin + head;
}

}  // namespace

HugePage::HugePage(Given given) : HugePage(MapAligned(), given) {}

std::optional<HugePage> HugePage::TryMap(Given given) {
  char* const data = MapAligned();
  if (data == nullptr) return std::nullopt;
  return HugePage(data, given);
}

HugePage::HugePage(char* data, Given given) : data_(data) {
  if (data_ == nullptr) throw std::bad_alloc();
  ::madvise(data_, kBytes, given == Given::kAtOnce ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

HugePage::HugePage(HugePage&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}

HugePage& HugePage::operator=(HugePage&& other) noexcept {
  std::swap(data_, other.data_);
  return *this;
}

HugePage::~HugePage() {
  if (data_ != nullptr) ::munmap(data_, kBytes);  // tidy-allow(system-call): as above
}

void HugePage::Unite() {
  ::madvise(data_, kBytes, MADV_HUGEPAGE);
  ::madvise(data_, kBytes, MADV_COLLAPSE);
}

}  // namespace kvs::base
