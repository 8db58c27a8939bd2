// write_golden_store DIR: writes the golden store. It made tests/compat/v1/data/store when format 1 was new; those
// files stay as they are. A new format gets a new generator and a new folder beside them.
#include <cstdio>

#include "compat/golden_store.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: write_golden_store DIR\n", stderr);
    return 2;
  }
  if (!kvs::io::PosixFileSystem().CreateDirectories(argv[1])) return 1;
  kvs::compat::WriteGoldenStore(argv[1]);
  return 0;
}
