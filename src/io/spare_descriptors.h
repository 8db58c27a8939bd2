// SpareDescriptors: descriptors reserved for files. With them a process whose clients have taken all other descriptors
// can still open the files that it needs.
//
// Design      Each spare is a duplicate of a descriptor of /dev/null. GiveUpOne() closes a spare just before its number
//             is needed. When a file is closed, its descriptor becomes a spare in one step, so no other thread can take
//             it between.
// Threads     Call anything from any thread. One pool per process.
// Limits      Another thread may take the freed number before the caller does. The caller then gives up the next spare.
#pragma once

#include <cstddef>
#include <vector>

#include "io/unique_fd.h"

namespace kvs::io {

class SpareDescriptors {
 public:
  static constexpr std::size_t kPerStore = 8;

  // Reserves kPerStore more descriptors for its lifetime, or as many as there are.
  class Share {
   public:
    Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share();
  };

  // Call it after a call failed with `sys_errno`. Gives up a spare if the call found no descriptor. Returns whether it
  // did.
  static bool GiveUpOne(int sys_errno);

  // Closes `fd`, or keeps its number as a spare if spares are missing.
  static void Close(UniqueFd fd);
};

}  // namespace kvs::io
