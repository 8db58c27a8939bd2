// Promised: a want of mappings is noticed before the last one is gone, and so is its end. The test runs in a child,
// which takes nearly all mappings that a process may have.
#include "io/mapped/mapping_limit.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>

#include "support/sanitizers.h"

namespace kvs::io {
namespace {

constexpr std::size_t kPageBytes = 4'096;
constexpr std::size_t kPages = std::size_t{1} << 20;

int FindOutInChild() {
  if (!CheckFreeMappings()) return 1;
  void* const memory =
      ::mmap(nullptr, kPages * kPageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return 2;
  char* const pages = static_cast<char*>(memory);
  std::size_t taken = 0;
  while (taken < kPages && ::mprotect(pages + taken * kPageBytes, kPageBytes, PROT_READ) == 0) taken += 2;
  if (taken >= kPages) return 3;
  ::munmap(pages, 40 * kPageBytes);  // So many are left, which is too few.
  const Status few = CheckFreeMappings();
  if (few || few.error().code != ErrorCode::kNoSpace || few.error().sys_errno != ENOMEM) return 4;
  ::munmap(pages, kPages * kPageBytes);
  return CheckFreeMappings() ? 0 : 5;
}

TEST(MappingLimitTest, AWantIsNoticedBeforeTheLastIsGone) {
  KVS_SKIP_UNDER_SANITIZERS();
  const pid_t child = ::fork();
  if (child == 0) ::_exit(FindOutInChild());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  const int found = WEXITSTATUS(status);
  if (found == 3) GTEST_SKIP() << "no limit of mappings was met here";
  EXPECT_EQ(found, 0);
}

}  // namespace
}  // namespace kvs::io
