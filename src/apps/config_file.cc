#include "apps/config_file.h"

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

// Makes the library return its errors. Otherwise it throws them.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "base/try.h"
#include "io/file_system.h"

namespace kvs::apps {
namespace {

using settings::Setting;

constexpr std::size_t kConfigBytesMax = std::size_t{1} << 20;

Error Refusal(std::string why) { return Error{.code = ErrorCode::kInvalidArgument, .context = std::move(why)}; }

std::string At(const std::string& path, const toml::source_region& where) {
  return path + ":" + std::to_string(where.begin.line) + ": ";
}

std::string KnownKeys() {
  std::string keys;
  for (const Setting& setting : settings::AllSettings()) {
    if (settings::IsGivenAtStart(setting)) keys += (keys.empty() ? "" : ", ") + std::string(setting.name);
  }
  return keys;
}

// nullopt: it is neither a text, nor an integer, nor a boolean.
std::optional<std::string> TextOf(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  return std::nullopt;
}

Status ReadKey(const std::string& path, const toml::key& key, const toml::node& node, settings::Settings* into) {
  const Setting* const setting = settings::FindSetting(key.str());
  if (setting == nullptr || setting->name != key.str() || !settings::IsGivenAtStart(*setting)) {
    return Refusal(At(path, key.source()) + "unknown key '" + std::string(key.str()) + "'; allowed: " + KnownKeys());
  }
  const std::string name(key.str());
  const std::optional<std::string> text = TextOf(node);
  if (!text) {
    return Refusal(At(path, key.source()) + name + ": a text or a number is wanted: " + settings::RangeText(*setting));
  }
  if (const Status set = into->Set(*setting, *text); !set) {
    return Refusal(At(path, key.source()) + name + " = " + *text + ": " + set.error().context);
  }
  return Ok();
}

}  // namespace

Status ReadConfigFile(const std::string& path, settings::Settings* into) {
  if (path.empty()) return Refusal("the name of the configuration file is empty");
  const Result<std::string> text = io::PosixFileSystem().ReadFile(path, kConfigBytesMax);
  if (!text) return Refusal("the configuration file: " + text.error().ToString());
  const toml::parse_result parsed = toml::parse(*text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Refusal(At(path, error.source()) + std::string(error.description()));
  }
  for (const auto& [key, node] : parsed.table()) KVS_TRY(ReadKey(path, key, node, into));
  return Ok();
}

Status ReadEnvironment(settings::Settings* into) {
  for (const Setting& setting : settings::AllSettings()) {
    if (!settings::IsGivenAtStart(setting)) continue;
    const std::string name = settings::EnvironmentName(setting);
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr) continue;
    if (const Status set = into->Set(setting, value); !set) {
      return Refusal("environment: " + name + " = " + value + ": " + set.error().context);
    }
  }
  return Ok();
}

}  // namespace kvs::apps
