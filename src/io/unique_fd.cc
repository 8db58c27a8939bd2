#include "io/unique_fd.h"

#include <unistd.h>

namespace kvs::io {

void UniqueFd::Reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

}  // namespace kvs::io
