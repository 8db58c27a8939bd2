// FailingMemory: makes one allocation of this thread fail, for as long as it lives. `after` allocations by operator new
// succeed, the next throws std::bad_alloc, and later ones succeed again. A test that counts `after` up until nothing
// fails has seen each place where memory can run out.
//
// Threads     Other threads are left alone. One at a time in each.
#pragma once

namespace kvs::test {

class FailingMemory {
 public:
  explicit FailingMemory(int after);
  ~FailingMemory();
  FailingMemory(const FailingMemory&) = delete;
  FailingMemory& operator=(const FailingMemory&) = delete;

  static bool has_failed();  // Since the last one began.
};

}  // namespace kvs::test
