// The program that the SIGKILL test starts and kills: it writes to a store as fast as it can, and reports each
// write on its standard output after the store acknowledged it.
//
//   killed_writer <directory> <none|interval|always> <seed> <first write of thread 0> <of thread 1>
//
// Every thread has keys of its own, and its n-th write is a pure function of seed, thread and n: see killed_writes.h. A
// report is 8 bytes, with the thread in the upper 8 bits and n in the others. So small a write reaches the pipe
// whole.
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <string_view>
#include <thread>
#include <vector>

#include "crash/killed_writes.h"
#include "store/store.h"

namespace kvs::test {
namespace {

std::uint64_t NumberOf(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

SyncPolicy PolicyOf(std::string_view name) {
  if (name == "none") return SyncPolicy::kNone;
  return name == "always" ? SyncPolicy::kAlways : SyncPolicy::kInterval;
}

[[noreturn]] void Fail(const Error& error) {
  std::fprintf(stderr, "killed_writer: %s\n", error.ToString().c_str());
  ::_exit(3);
}

void WriteForEver(store::Store& store, std::uint64_t seed, unsigned thread, std::uint64_t first) {
  for (std::uint64_t n = first;; ++n) {
    const Status status = store.Write(MakeWrite(seed, thread, n));
    if (!status) Fail(status.error());
    if (thread == 0 && n % 400 == 0) {
      if (const Status compacted = store.Compact(); !compacted) Fail(compacted.error());
    }
    const std::uint64_t report = std::uint64_t{thread} << 56 | n;
    if (::write(STDOUT_FILENO, &report, sizeof report) != sizeof report) ::_exit(4);
  }
}

int Run(const std::vector<std::string_view>& arguments) {
  if (arguments.size() != 4 + kKilledThreads) return 2;
  const KvStoreOptions options{.sync = PolicyOf(arguments[2]),
                               .sync_interval = std::chrono::milliseconds(5),
                               .segment_bytes = std::uint64_t{1} << 20};
  auto store = store::Store::Open(io::PosixFileSystem(), arguments[1], options);
  if (!store) Fail(store.error());
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kKilledThreads; ++i) {
    threads.emplace_back(WriteForEver, std::ref(**store), NumberOf(arguments[3]), i, NumberOf(arguments[4 + i]));
  }
  for (std::thread& thread : threads) thread.join();
  return 0;
}

}  // namespace
}  // namespace kvs::test

int main(int count, char** arguments) {
  return kvs::test::Run(std::vector<std::string_view>(arguments, arguments + count));
}
