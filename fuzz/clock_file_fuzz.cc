// For any bytes: the decoder of the clock file reads none after its input, and a clock that it takes is encoded as it
// was.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"
#include "log/clock_file.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

constexpr std::size_t kChecksumOffset = 12;
constexpr std::size_t kCheckedFrom = 16;

void CheckBytes(std::string_view bytes) {
  const test::ExactBlock block(bytes);
  const auto clock = DecodeClockFile(block.view());
  KVS_CHECK(!clock || EncodeClockFile(*clock) == bytes);
}

// As it is, and with the checksum that hides it from the decoder put right.
void Check(std::string_view input) {
  CheckBytes(input);
  if (input.size() < kCheckedFrom) return;
  std::string forged(input);
  const std::uint64_t seed = base::Hash64(input.substr(0, kChecksumOffset));
  base::PutFixed32(forged.data() + kChecksumOffset, base::Checksum32(input.substr(kCheckedFrom), seed));
  CheckBytes(forged);
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
