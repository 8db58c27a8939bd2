// Writes numbers into a directory until it is killed. It prints each number, in four bytes, after the engine has
// acknowledged it. Usage: contract_writer <ENGINE> <DIRECTORY> <FIRST NUMBER>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "kvs/open_engine.h"

int main(int argc, char** argv) {
  if (argc != 4) return 1;
  const auto engine = kvs::OpenEngine(argv[1], argv[2]);
  if (!engine) {
    std::fprintf(stderr, "%s\n", engine.error().ToString().c_str());
    return 1;
  }
  for (auto i = static_cast<std::uint32_t>(std::strtoul(argv[3], nullptr, 10));; ++i) {
    const std::string number = std::to_string(i);
    kvs::WriteBatch pair;
    pair.Set("left" + number, number);
    pair.Set("right" + number, number);
    if (!(*engine)->Set("single", number) || !(*engine)->Write(pair)) return 1;
    if (::write(STDOUT_FILENO, &i, sizeof i) != sizeof i) return 1;
  }
}
