#include "settings/setting.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/decimal.h"
#include "base/letters.h"
#include "io/memory_limit.h"
#include "kvs/address.h"

namespace kvs::settings {
namespace {

// From 0 on. nullopt: it is none of them.
std::optional<std::int64_t> NumberOfChoice(std::string_view choices, std::string_view word) {
  for (std::int64_t number = 0; !choices.empty(); ++number) {
    const std::string_view choice = choices.substr(0, choices.find(' '));
    if (choice == word) return number;
    choices.remove_prefix(std::min(choices.size(), choice.size() + 1));
  }
  return std::nullopt;
}

std::string Joined(std::string_view choices, std::string_view between) {
  std::string text;
  for (const char c : choices) {
    if (c == ' ') {
      text += between;
    } else {
      text += c;
    }
  }
  return text;
}

struct Unit {
  std::string_view name;
  std::int64_t bytes;
};
constexpr auto kUnits = std::to_array<Unit>({{"", 1},
                                             {"b", 1},
                                             {"k", 1'000},
                                             {"kb", 1'024},
                                             {"m", 1'000'000},
                                             {"mb", 1 << 20},
                                             {"g", 1'000'000'000},
                                             {"gb", 1 << 30}});

std::optional<std::int64_t> ParseMemory(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::ParseDecimal(text.substr(0, digits));
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& candidate) {
    return base::IsWord(text.substr(digits), candidate.name);
  });
  if (!number || unit == kUnits.end()) return std::nullopt;
  if (*number > std::numeric_limits<std::int64_t>::max() / unit->bytes) return std::nullopt;
  return *number * unit->bytes;
}

constexpr std::string_view kEventLetters = "Ag$lshzxeKEtmdn";  // In the order of Redis.

Error Refusal(std::string why) { return Error{.code = ErrorCode::kInvalidArgument, .context = std::move(why)}; }

Result<std::string> CheckAddress(const Setting& setting, std::string_view value) {
  if (value.empty() && setting.first_value.empty()) return std::string();
  const Result<Address> address = Address::Parse(value);
  if (!address) return address.error();
  return address->ToString();
}

Result<std::string> CheckRange(const Setting& setting, std::int64_t number) {
  if (number < setting.low || number > setting.high) {
    return Refusal("argument must be between " + std::to_string(setting.low) + " and " + std::to_string(setting.high) +
                   " inclusive");
  }
  return std::to_string(number);
}

Result<std::string> CheckMemory(const Setting& setting, std::string_view value) {
  const auto bytes = ParseMemory(value);
  if (!bytes) return Refusal("argument must be a memory value");
  return CheckRange(setting, *bytes);
}

Result<std::string> CheckShare(const Setting& setting, std::string_view value) {
  if (!value.ends_with('%')) return CheckMemory(setting, value);
  const auto percent = base::ParseDecimal(value.substr(0, value.size() - 1));
  if (percent && *percent >= 1 && *percent <= 100) return std::string(value);
  return Refusal("argument must be a memory value, or a percentage between 1% and 100%");
}

std::int64_t OctalNumber(std::string_view digits) {
  std::int64_t number = 0;
  for (const char digit : digits) number = number * 8 + (digit - '0');
  return number;
}

bool IsMode(std::string_view text) {
  return text.size() == 3 && text.find_first_not_of("01234567") == std::string_view::npos;
}

// Writes a whole number of units as "64mb".
std::string BytesText(std::int64_t bytes) {
  for (const std::string_view name : {"gb", "mb", "kb"}) {
    const auto* unit = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == name; });
    if (bytes != 0 && bytes % unit->bytes == 0) return std::to_string(bytes / unit->bytes) + std::string(name);
  }
  return std::to_string(bytes);
}

}  // namespace

const Setting* FindSetting(std::string_view name) {
  const auto all = AllSettings();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Setting& setting) { return base::IsWord(name, setting.name); });
  return found == all.end() ? nullptr : &*found;
}

Result<std::string> CheckValue(const Setting& setting, std::string_view value) {
  switch (setting.form) {
    case Form::kText: return std::string(value);
    case Form::kPath:
      if (value.empty() && !setting.first_value.empty()) return Refusal("argument must be a path");
      if (value.find('\0') != std::string_view::npos) return Refusal("a path has no byte 0");
      return std::string(value);
    case Form::kAddress: return CheckAddress(setting, value);
    case Form::kFlag:
      if (base::IsWord(value, "yes") || base::IsWord(value, "no")) return base::Lowered(value);
      return Refusal("argument must be 'yes' or 'no'");
    case Form::kChoice:
      if (NumberOfChoice(setting.choices, base::Lowered(value))) return base::Lowered(value);
      return Refusal("argument(s) must be one of the following: " + Joined(setting.choices, ", "));
    case Form::kEvents:
      if (value.find_first_not_of(kEventLetters) == std::string_view::npos) return std::string(value);
      return Refusal("Invalid event class character. Use '" + std::string(kEventLetters) + "'.");
    case Form::kMode:
      if (IsMode(value)) return std::string(value);
      return Refusal("argument must be three octal digits, as in 770");
    case Form::kNumber: {
      const auto number = base::ParseDecimal(value);
      if (!number) return Refusal("argument couldn't be parsed into an integer");
      return CheckRange(setting, *number);
    }
    case Form::kMemory: return CheckMemory(setting, value);
    case Form::kShare: return CheckShare(setting, value);
  }
  return Refusal("argument of no form");
}

std::int64_t NumberOf(const Setting& setting, std::string_view value) {
  const auto decimal = [](std::string_view text) { return base::ParseDecimal(text).value_or(0); };
  switch (setting.form) {
    case Form::kText:
    case Form::kPath:
    case Form::kAddress:
    case Form::kEvents: return value.empty() ? 0 : 1;
    case Form::kFlag: return value == "yes" ? 1 : 0;
    case Form::kChoice: return NumberOfChoice(setting.choices, value).value_or(0);
    case Form::kShare:
      if (!value.ends_with('%')) break;
      return static_cast<std::int64_t>(io::MemoryLimit() / 100) * decimal(value.substr(0, value.size() - 1));
    case Form::kMode: return OctalNumber(value);
    case Form::kNumber:
    case Form::kMemory: break;
  }
  return decimal(value);
}

std::string EnvironmentName(const Setting& setting) {
  std::string name = "KVS_" + base::Uppered(setting.name);
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

std::string FormName(const Setting& setting) {
  switch (setting.form) {
    case Form::kText: return "TEXT";
    case Form::kPath: return "PATH";
    case Form::kAddress: return "IP:PORT";
    case Form::kFlag: return "yes|no";
    case Form::kNumber: return "N";
    case Form::kMemory: return "BYTES";
    case Form::kShare: return "BYTES|N%";
    case Form::kMode: return "MODE";
    case Form::kEvents: return "LETTERS";
    case Form::kChoice: return Joined(setting.choices, "|");
  }
  return "";
}

std::string RangeText(const Setting& setting) {
  const bool is_number = setting.form == Form::kNumber;
  const auto spell = !is_number ? BytesText : [](std::int64_t n) { return std::to_string(n); };
  switch (setting.form) {
    case Form::kText: return "any text";
    case Form::kPath: return "a path";
    case Form::kAddress: return "IP:PORT or [IPv6]:PORT";
    case Form::kFlag: return "yes, no";
    case Form::kChoice: return Joined(setting.choices, ", ");
    case Form::kMode: return "000..777";
    case Form::kEvents: return "letters of " + std::string(kEventLetters);
    case Form::kNumber:
    case Form::kMemory:
    case Form::kShare: break;
  }
  const bool is_open = setting.high == std::numeric_limits<std::int64_t>::max();
  const std::string range =
      is_open ? "at least " + spell(setting.low) : spell(setting.low) + ".." + spell(setting.high);
  return setting.form == Form::kShare ? range + ", or 1%..100%" : range;
}

}  // namespace kvs::settings
