// ByteMeter: whom a buffer asks before it takes a large block; MemoryRefused: what it throws when the answer is no.
//
// Threads     As the buffer.
// Errors      MemoryRefused is a std::bad_alloc: who copes with the one copes with the other.
#pragma once

#include <cstddef>
#include <new>

namespace kvs::base {

class ByteMeter {
 public:
  virtual bool TryGrow(std::size_t bytes) = 0;

 protected:
  ~ByteMeter() = default;
};

class MemoryRefused final : public std::bad_alloc {
 public:
  const char* what() const noexcept override { return "a limit of memory is reached"; }
};

}  // namespace kvs::base
