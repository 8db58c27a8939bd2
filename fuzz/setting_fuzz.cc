// For any text: a setting refuses it, or gives it a spelling that means the same and stays as it is. The first byte of
// the input chooses the setting.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "settings/setting.h"
#include "support/exact_block.h"

namespace kvs::settings {
namespace {

void Check(const Setting& setting, std::string_view text) {
  const test::ExactBlock block(text);
  const auto value = CheckValue(setting, block.view());
  if (!value) {
    KVS_CHECK(!value.error().context.empty());
    return;
  }
  const auto again = CheckValue(setting, *value);
  KVS_CHECK(again && *again == *value);
  KVS_CHECK(NumberOf(setting, *again) == NumberOf(setting, *value));
}

}  // namespace
}  // namespace kvs::settings

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto settings = kvs::settings::AllSettings();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  kvs::settings::Check(settings[data[0] % settings.size()], input.substr(1));
  return 0;
}
