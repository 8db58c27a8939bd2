// Setting: one parameter of the server: its name, its values, and when it may change.
//
// Design      Settings are the rows of one table (settings_table.cc). The flags of kvs-server, the environment
//             variables, the keys of the configuration file, CONFIG GET and SET, and docs/configuration.md are made
//             from it.
// Threads     The table is constant.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "kvs/result.h"
#include "settings/live_values.h"

namespace kvs::settings {

enum class Form : std::uint8_t {
  kText,     // Any text.
  kPath,     // The name of a file or directory; empty if it is optional.
  kAddress,  // IP:PORT; empty if it is optional.
  kFlag,     // yes or no.
  kNumber,   // low..high
  kMemory,   // A number of bytes, low..high, also as "100mb".
  kShare,    // Like kMemory, or a share of the memory that the server may use: "25%".
  kEvents,   // Letters of keyspace event classes.
  kMode,     // Three octal digits, the permissions of a file.
  kChoice,   // One of the words of `choices`, separated by spaces.
};

enum class Kind : std::uint8_t {
  kStart,      // Set at the start; CONFIG GET reports it.
  kLive,       // Like kStart, and CONFIG SET changes it while the server runs.
  kReadOnly,   // CONFIG GET reports it. It follows from other settings, or is fixed in kvs.
  kRedisOnly,  // Without effect, except appendfsync. CONFIG SET stores it, so that tools read back the value they set.
};

struct Setting {
  std::string_view name;
  Kind kind;
  Form form;
  std::string_view first_value;
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  std::string_view choices{};
  std::string_view unit{};
  std::string_view group{};  // A heading of the documentation; empty for kReadOnly and kRedisOnly.
  std::string_view help{};   // One line; empty for kRedisOnly.
  bool is_secret = false;    // Only CONFIG GET shows its value.
  // What a running server reads. nullptr: nothing reads more than the text.
  LiveValue LiveValues::*field = nullptr;
  std::int64_t field_units = 1;  // How many units of the field are one of the setting's.
};

// The settings that can be given at the start come first, by group; then the others.
std::span<const Setting> AllSettings();
// Finds a setting by its name, ignoring case. nullptr: there is none.
const Setting* FindSetting(std::string_view name);

constexpr bool IsGivenAtStart(const Setting& setting) {
  return setting.kind == Kind::kStart || setting.kind == Kind::kLive;
}

// Returns `value` in its canonical spelling. kInvalidArgument: the context tells what is allowed, in Redis's words.
Result<std::string> CheckValue(const Setting& setting, std::string_view value);
// The number for the setting's field, from a checked value. A share is its bytes, a choice its place among the words
// from 0 on, yes and a text that is not empty are 1.
std::int64_t NumberOf(const Setting& setting, std::string_view value);
// The name of its environment variable: KVS_ and the name in capitals, with _ for -.
std::string EnvironmentName(const Setting& setting);
// The form of the value, for a help text: "N", "PATH", "a|b|c".
std::string FormName(const Setting& setting);
// The allowed values, for documentation: "1..100".
std::string RangeText(const Setting& setting);

}  // namespace kvs::settings
