// DescriptorBudget: how many of the process's descriptors clients may take, so that the store always finds some.
//
// Design      The store needs new descriptors to go on: a segment, a manifest, a compaction's output. Some are set
//             aside for it before any client gets one. The system gives out the lowest free number, so the number of
//             a client's descriptor tells whether it is one of those, regardless of who has the others.
// Threads     Call anything from any thread, after CountOpen().
// Limits      kSetAsideMax are set aside, or a quarter of the limit where that is less.
#pragma once

#include <cstddef>

namespace kvs::server {

class DescriptorBudget {
 public:
  static constexpr std::size_t kSetAsideMax = 64;

  // Once the listeners and loops are there, and no client yet: what is open now stays open.
  void CountOpen();

  // By the limit of the process as it is now.
  static std::size_t SetAside();
  std::size_t ClientsMax() const;  // At least 1.
  std::size_t open_besides() const { return open_besides_; }

  // Whether a client may keep a descriptor that was just opened for it.
  static bool AllowsClient(int descriptor);

 private:
  std::size_t open_besides_ = 0;  // Constant after CountOpen().
};

}  // namespace kvs::server
