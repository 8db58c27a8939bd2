// The program that the test of killed savings starts. It opens a store, changes it, reports that, and closes it. Before
// one of the file operations that save the index it kills itself with SIGKILL.
//
//   killed_closer <directory> <generation> <operation to die before, from 1>
//
// It writes "written" on its standard output when all writes are acknowledged. If there are fewer operations, it ends
// with 0.
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "crash/killed_closes.h"
#include "io/file_system.h"
#include "log/file_names.h"
#include "store/store.h"
#include "support/hooked_file_system.h"

namespace kvs::test {
namespace {

[[noreturn]] void Fail(const Error& error) {
  std::fprintf(stderr, "killed_closer: %s\n", error.ToString().c_str());
  ::_exit(3);
}

int Run(const std::string& directory, std::uint64_t generation, std::uint64_t dies_before) {
  std::atomic<bool> is_closing{false};
  std::atomic<std::uint64_t> operations{0};
  HookedFileSystem files([&](FileOperation, const std::filesystem::path& path) {
    const bool is_index = path.filename().string().starts_with(log::kIndexFileName);
    if (is_closing.load(std::memory_order_relaxed) && is_index &&
        operations.fetch_add(1, std::memory_order_relaxed) + 1 == dies_before) {
      ::kill(::getpid(), SIGKILL);
    }
    return Ok();
  });
  auto store = store::Store::Open(files, directory, ClosedStoreOptions());
  if (!store) Fail(store.error());
  if (const Status status = WriteGeneration(**store, generation); !status) Fail(status.error());
  if (std::puts("written") < 0 || std::fflush(stdout) != 0) return 4;
  is_closing.store(true, std::memory_order_relaxed);
  store->reset();
  return 0;
}

}  // namespace
}  // namespace kvs::test

int main(int count, char** arguments) {
  if (count != 4) return 2;
  return kvs::test::Run(arguments[1], std::strtoull(arguments[2], nullptr, 10),
                        std::strtoull(arguments[3], nullptr, 10));
}
