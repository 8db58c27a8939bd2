// Setting: one parameter of the server: its name, the values it takes, and who may give them.
//
// Design      The rows of one table (settings_table.cc). From it come the flags of kvs-server, the environment
//             variables, the keys of the configuration file, CONFIG GET and SET, and docs/configuration.md.
// Threads     The table is constant.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "kvs/result.h"

namespace kvs::settings {

enum class Form : std::uint8_t {
  kText,     // Anything.
  kPath,     // Anything: the name of a file or directory; empty where it may be left out.
  kAddress,  // IP:PORT; empty where it may be left out.
  kFlag,     // yes or no.
  kNumber,   // low..high
  kMemory,   // A number of bytes, low..high, also as "100mb".
  kShare,    // As kMemory, or a share of the memory that the server may have: "25%".
  kEvents,   // Letters of classes of keyspace events.
  kMode,     // Three octal digits: the permissions of a file.
  kChoice,   // One of the words of `choices`, separated by spaces.
};

enum class Kind : std::uint8_t {
  kStart,  // Given at the start, read by CONFIG GET.
  kLive,   // As kStart, and changed by CONFIG SET while the server runs.
  kTold,   // CONFIG GET tells it: what follows from other settings, or cannot be otherwise here.
  kKept,   // Without meaning here. CONFIG SET keeps it, so that tools find what they have set.
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
  std::string_view group{};  // A heading of the documentation; empty for kTold and kKept.
  std::string_view help{};   // One line. For kKept: none.
  bool is_secret = false;    // Its value is shown by CONFIG GET, and to nobody else.
};

// Those that can be given at the start come first, by group; then the others.
std::span<const Setting> AllSettings();
// By its name, in either case. nullptr: there is none.
const Setting* FindSetting(std::string_view name);

constexpr bool IsGivenAtStart(const Setting& setting) {
  return setting.kind == Kind::kStart || setting.kind == Kind::kLive;
}

// `value` in the one spelling that is kept. kInvalidArgument: the context says what is allowed, in Redis's words.
Result<std::string> CheckValue(const Setting& setting, std::string_view value);
// The name of its environment variable: KVS_ and the name in capitals, with _ for -.
std::string EnvironmentName(const Setting& setting);
// What the value looks like, for a help text: "N", "PATH", "a|b|c".
std::string FormName(const Setting& setting);
// The values it takes, for documentation: "1..100".
std::string RangeText(const Setting& setting);

}  // namespace kvs::settings
