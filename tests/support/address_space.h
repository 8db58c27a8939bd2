// AddressSpaceLimit: while it lives, this process and the children that it starts can take only so many more bytes of
// address space.
//
// Limits      Sanitizers reserve address space by the terabyte: KVS_SKIP_UNDER_SANITIZERS() first.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>

#include "support/sanitizers.h"

namespace kvs::test {

class AddressSpaceLimit {
 public:
  explicit AddressSpaceLimit(std::uint64_t bytes_left) {
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    EXPECT_TRUE(pages > 0 && ::getrlimit(RLIMIT_AS, &before_) == 0);
    const rlim_t wanted = pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + bytes_left;
    const rlimit limit{.rlim_cur = std::min(wanted, before_.rlim_max), .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &limit), 0);
  }
  ~AddressSpaceLimit() { ::setrlimit(RLIMIT_AS, &before_); }
  AddressSpaceLimit(const AddressSpaceLimit&) = delete;
  AddressSpaceLimit& operator=(const AddressSpaceLimit&) = delete;

 private:
  rlimit before_{};
};

}  // namespace kvs::test
