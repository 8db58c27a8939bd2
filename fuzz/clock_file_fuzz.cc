// For any bytes: the decoder of the clock file reads none after its input, and a clock that it takes is encoded as it
// was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/hash.h"
#include "forged.h"
#include "log/clock_file.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

void CheckBytes(std::string_view bytes) {
  const test::ExactBlock block(bytes);
  const auto clock = DecodeClockFile(block.view());
  KVS_CHECK(!clock || EncodeClockFile(*clock) == bytes);
}

std::uint32_t ChecksumOf(std::string_view bytes) {
  return base::Checksum32(bytes.substr(kCheckedFrom), base::Hash64(bytes.substr(0, kChecksumOffset)));
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::CheckAsItIsAndForged({reinterpret_cast<const char*>(data), size}, kvs::log::ChecksumOf,
                                 kvs::log::CheckBytes);
  return 0;
}
