#include "apps/process.h"

#include <signal.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

#include "apps/exit_codes.h"
#include "io/unique_fd.h"

namespace kvs::apps {

void PrepareProcess() {
  io::FillStandardStreams();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

int FinishOutput(int exit_code) {
  // Checks both, because after a failed write the flush may have nothing left to write and succeed.
  const bool failed_before = std::ferror(stdout) != 0 || !std::cout;
  const int flush_errno = std::fflush(stdout) == 0 ? 0 : errno;
  if ((!failed_before && flush_errno == 0) || exit_code != kExitOk) return exit_code;
  const std::string why = flush_errno == 0 ? "" : std::string(": ") + std::strerror(flush_errno);
  std::cerr << "cannot write to stdout" << why << '\n';
  return kExitError;
}

}  // namespace kvs::apps
