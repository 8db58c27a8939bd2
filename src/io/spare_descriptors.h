// SpareDescriptors: descriptors that are set aside for files, so that a process whose clients have taken all the others
// can still open what it needs to go on.
//
// Design      Each spare one is a duplicate of one on /dev/null. GiveUpOne() closes one just before it is needed; a
//             descriptor of a file that is closed becomes a spare one again in one step, so that nobody else can take
//             it in between.
// Threads     Call anything from any thread. One pool for the process.
// Limits      Another thread may take what was given up, before its caller does: then the next one is given up.
#pragma once

#include <cstddef>
#include <vector>

#include "io/unique_fd.h"

namespace kvs::io {

class SpareDescriptors {
 public:
  static constexpr std::size_t kPerStore = 8;

  // While one of these lives, kPerStore more are set aside, as far as there are any.
  class Share {
   public:
    Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;
    ~Share();
  };

  // After a call failed with `sys_errno`: whether it is for want of a descriptor, and one was given up.
  static bool GiveUpOne(int sys_errno);

  // Closes `fd`, or keeps its number as a spare one where some are missing.
  static void Close(UniqueFd fd);
};

}  // namespace kvs::io
