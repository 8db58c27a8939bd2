// write_golden_store VERSION DIR: writes the golden store with segments of that format. It made
// tests/compat/v<VERSION>/data/store when the format was new, and those files stay unchanged. A new format gets a
// folder of its own next to them.
#include <cstdio>
#include <string_view>

#include "compat/golden_store.h"

int main(int argc, char** argv) {
  const std::string_view version = argc == 3 ? argv[1] : "";
  if (version != "1" && version != "2") {
    std::fputs("usage: write_golden_store 1|2 DIR\n", stderr);
    return 2;
  }
  if (!kvs::io::PosixFileSystem().CreateDirectories(argv[2])) return 1;
  kvs::compat::WriteGoldenStore(argv[2], version == "1" ? 1 : 2);
  return 0;
}
