// DescriptorBudget: how many of the process's descriptors clients may take, so that some are left for the store.
//
// Design      The store needs new descriptors to go on: for a segment, a manifest, a compaction's output. Some are set
//             aside for it: the highest numbers. The system gives out the lowest free number, so the number of a
//             client's descriptor tells whether it is one of them.
// Threads     Call anything from any thread, after CountOpen().
// Limits      kSetAsideMax are set aside, or a quarter of the process's limit if that is less.
#pragma once

#include <cstddef>

namespace kvs::server {

class DescriptorBudget {
 public:
  static constexpr std::size_t kSetAsideMax = 64;

  // Call it after the listeners and loops are open, and before the first client: what is open now stays open.
  void CountOpen();

  // Under the current limit of the process.
  static std::size_t SetAside();
  std::size_t ClientsMax() const;  // At least 1.
  std::size_t open_besides() const { return open_besides_; }

  // Whether a client may keep a descriptor that was just opened for it.
  static bool AllowsClient(int descriptor);

 private:
  std::size_t open_besides_ = 0;  // Constant after CountOpen().
};

}  // namespace kvs::server
