#include "support/failing_memory.h"

#include <cstdlib>
#include <new>

namespace kvs::test {
namespace {

constexpr int kNever = -1;

thread_local int left = kNever;  // Allocations before the one that fails.
thread_local bool failed = false;

bool IsToFail() {
  if (left == kNever) return false;
  if (left > 0) {
    --left;
    return false;
  }
  left = kNever;
  failed = true;
  return true;
}

}  // namespace

FailingMemory::FailingMemory(int after) {
  failed = false;
  left = after;
}

FailingMemory::~FailingMemory() { left = kNever; }

bool FailingMemory::has_failed() { return failed; }

// nullptr: it fails.
void* Allocate(std::size_t bytes) noexcept { return IsToFail() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes); }

}  // namespace kvs::test

// The operators for arrays call these. The address sanitizer has nothrow operators of its own unless they are here.
void* operator new(std::size_t bytes) {
  void* const memory = kvs::test::Allocate(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return kvs::test::Allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
