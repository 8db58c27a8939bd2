// A fault that a fuzzer must find: if `./dev fuzz` does not find this one soon, it would find no other.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  KVS_CHECK(!input.starts_with("kvs!"));
  return 0;
}
