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

void* Allocate(std::size_t bytes) {
  void* const memory = IsToFail() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace kvs::test

// The operators for arrays, and the nothrow ones, call these.
void* operator new(std::size_t bytes) { return kvs::test::Allocate(bytes); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
