// ByteMeter: a buffer asks it before taking a large block. MemoryRefused: the exception if it refuses.
//
// Threads     As the buffer.
// Errors      MemoryRefused is a std::bad_alloc, so code that handles std::bad_alloc handles it too.
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
  const char* what() const noexcept override { return "a memory limit is reached"; }
};

}  // namespace kvs::base
