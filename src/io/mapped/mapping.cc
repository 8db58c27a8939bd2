#include "io/mapped/mapping.h"

#include <sys/mman.h>

#include <cerrno>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "base/system_error.h"
#include "base/try.h"
#include "io/mapped/fault_guard.h"

namespace kvs::io {
namespace {

constexpr std::size_t kLargePageBytes = std::size_t{2} << 20;

Error MapError(std::size_t bytes) { return base::SystemError("mmap bytes=" + std::to_string(bytes)); }

// Finds address space for `bytes`, aligned to a large page. Nothing around it stays reserved.
Result<char*> ReserveAligned(std::size_t bytes) {
  const std::size_t reserved_bytes = bytes + kLargePageBytes;
  void* const reserved = ::mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return MapError(bytes);
  char* const begin = static_cast<char*>(reserved);
  const std::size_t misaligned = reinterpret_cast<std::uintptr_t>(begin) % kLargePageBytes;
  const std::size_t head = misaligned == 0 ? 0 : kLargePageBytes - misaligned;
  const std::size_t kept = (bytes + 4095) / 4096 * 4096;
  if (head > 0) ::munmap(begin, head);
  if (head + kept < reserved_bytes) ::munmap(begin + head + kept, reserved_bytes - head - kept);
  return begin + head;
}

}  // namespace

Result<Mapping> Mapping::OfFile(int fd, std::size_t bytes, Access access) {
  KVS_CHECK(bytes > 0);
  char* place = nullptr;
  if (bytes >= kLargePageBytes) {
    KVS_TRY_ASSIGN(place, ReserveAligned(bytes));
  }
  const int protection = access == Access::kRead ? PROT_READ : PROT_READ | PROT_WRITE;
  const int flags = MAP_SHARED | (place != nullptr ? MAP_FIXED : 0);
  void* const data = ::mmap(place, bytes, protection, flags, fd, 0);
  if (data == MAP_FAILED) {
    KVS_PROBE("mapping of a file is refused");
    Error error = MapError(bytes);
    if (place != nullptr) ::munmap(place, bytes);
    return error;
  }
  Mapping mapping;
  mapping.data_ = static_cast<char*>(data);
  mapping.bytes_ = bytes;
  KVS_TRY_ASSIGN(mapping.region_, FaultGuard::Register(data, bytes));
  return mapping;
}

Result<Mapping> Mapping::Anonymous(std::size_t bytes) {
  void* const data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (data == MAP_FAILED) return MapError(bytes);
  Mapping mapping;
  mapping.data_ = static_cast<char*>(data);
  mapping.bytes_ = bytes;
  return mapping;
}

Mapping::Mapping(Mapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      bytes_(std::exchange(other.bytes_, 0)),
      region_(std::exchange(other.region_, kNotWatched)) {}

Mapping& Mapping::operator=(Mapping&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(bytes_, other.bytes_);
  std::swap(region_, other.region_);
  return *this;
}

Mapping::~Mapping() {
  if (region_ != kNotWatched) FaultGuard::Unregister(region_);
  if (data_ != nullptr) ::munmap(data_, bytes_);
}

std::uint64_t Mapping::FaultCount() const { return region_ == kNotWatched ? 0 : FaultGuard::FaultCount(region_); }

Status Mapping::MakeReadOnly() {
  if (::mprotect(data_, bytes_, PROT_READ) != 0) return MapError(bytes_);
  return Ok();
}

}  // namespace kvs::io
