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

// toml++ 3.3, which Debian 12 has, runs into a statement that it calls unreachable at many letters beyond ASCII outside
// quotes (is_non_ascii_horizontal_whitespace: U+00A1 to U+0499, and two more ranges). So it reads a text that has none
// of them: each byte B from 0x80 on is the letter U+100000 + B in it.
std::string Guarded(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::string guarded;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x80) {
      guarded += letter;
    } else {
      guarded += {'\xF4', '\x80', static_cast<char>(0x80 | (byte >> 6)), static_cast<char>(0x80 | (byte & 0x3F))};
    }
  }
  return guarded;
}

// The bytes of a part of a guarded text.
std::string Unguarded(std::string_view guarded) {
  constexpr std::string_view kGuard = "\xF4\x80";
  std::string text;
  for (std::size_t at = 0; at < guarded.size(); ++at) {
    const bool is_guard = guarded.substr(at, kGuard.size()) == kGuard && at + 3 < guarded.size();
    if (is_guard) {
      text += static_cast<char>(guarded[at + 2] << 6 | (guarded[at + 3] & 0x3F));
      at += 3;
    } else {
      text += guarded[at];
    }
  }
  return text;
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
  if (const auto* text = node.as_string()) return Unguarded(text->get());
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "yes" : "no";
  return std::nullopt;
}

Status ReadKey(const std::string& path, const toml::key& key, const toml::node& node, settings::Settings* into) {
  const std::string name = Unguarded(key.str());
  const Setting* const setting = settings::FindSetting(name);
  if (setting == nullptr || setting->name != name || !settings::IsGivenAtStart(*setting)) {
    return Refusal(At(path, key.source()) + "unknown key '" + name + "'; allowed: " + KnownKeys());
  }
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
  const toml::parse_result parsed = toml::parse(Guarded(*text), path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return Refusal(At(path, error.source()) + Unguarded(error.description()));
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
