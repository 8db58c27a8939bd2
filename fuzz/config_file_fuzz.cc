// For any bytes: the configuration file is refused with words that name it, or each setting has a value of its range.
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "apps/config_file.h"
#include "base/check.h"
#include "settings/setting.h"
#include "settings/settings.h"

namespace kvs::apps {
namespace {

// A file in memory: the parser is given the name of a file.
void Check(const void* data, std::size_t bytes) {
  static const int file = ::memfd_create("config", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  KVS_CHECK(file >= 0 && ::ftruncate(file, 0) == 0);
  KVS_CHECK(::pwrite(file, data, bytes, 0) == static_cast<ssize_t>(bytes));
  settings::Settings settings;
  if (const Status read = ReadConfigFile(path, &settings); !read) {
    KVS_CHECK(read.error().context.find(path) != std::string::npos);
    return;
  }
  for (const auto& [name, value] : settings.all()) {
    const settings::Setting* const setting = settings::FindSetting(name);
    KVS_CHECK(setting != nullptr);
    const auto checked = settings::CheckValue(*setting, value);
    KVS_CHECK(checked && *checked == value);
  }
}

}  // namespace
}  // namespace kvs::apps

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::apps::Check(data, size);
  return 0;
}
