#include "server/server_config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>

#include "base/decimal.h"
#include "server/glob.h"
#include "server/letters.h"

namespace kvs::server {
namespace {

enum class Form : std::uint8_t {
  kFixed,   // Cannot be changed while the server runs.
  kText,    // Anything.
  kFlag,    // yes or no.
  kNumber,  // low..high
  kMemory,  // A number of bytes, also as "100mb".
  kChoice,  // One of the words of `choices`, separated by spaces.
};

struct Parameter {
  std::string_view name;
  Form form;
  std::string_view first_value;
  std::int64_t low = 0;
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  std::string_view choices = {};
};

constexpr std::int64_t kIntMax = std::numeric_limits<std::int32_t>::max();

// First values that the server's options decide are set by the constructor.
constexpr auto kParameters = std::to_array<Parameter>({
    {.name = "activerehashing", .form = Form::kFlag, .first_value = "yes"},
    {.name = "aof-use-rdb-preamble", .form = Form::kFlag, .first_value = "no"},
    {.name = "appendfsync", .form = Form::kChoice, .first_value = "everysec", .choices = "everysec always no"},
    {.name = "appendonly", .form = Form::kFixed, .first_value = "yes"},
    {.name = "auto-aof-rewrite-min-size", .form = Form::kMemory, .first_value = "67108864"},
    {.name = "auto-aof-rewrite-percentage", .form = Form::kNumber, .first_value = "100", .high = kIntMax},
    {.name = "bind", .form = Form::kFixed, .first_value = ""},
    {.name = "busy-reply-threshold", .form = Form::kNumber, .first_value = "5000"},
    {.name = "client-output-buffer-limit", .form = Form::kFixed, .first_value = ""},
    {.name = "client-query-buffer-limit", .form = Form::kFixed, .first_value = ""},
    {.name = "cluster-enabled", .form = Form::kFixed, .first_value = "no"},
    {.name = "daemonize", .form = Form::kFixed, .first_value = "no"},
    {.name = "databases", .form = Form::kFixed, .first_value = "1"},
    {.name = "dbfilename", .form = Form::kFixed, .first_value = "dump.rdb"},
    {.name = "dir", .form = Form::kFixed, .first_value = ""},
    {.name = "hash-max-listpack-entries", .form = Form::kNumber, .first_value = "128"},
    {.name = "hash-max-listpack-value", .form = Form::kMemory, .first_value = "64"},
    {.name = "hash-max-ziplist-entries", .form = Form::kNumber, .first_value = "128"},
    {.name = "hash-max-ziplist-value", .form = Form::kMemory, .first_value = "64"},
    {.name = "hz", .form = Form::kNumber, .first_value = "10", .high = kIntMax},
    {.name = "io-threads", .form = Form::kFixed, .first_value = "1"},
    {.name = "latency-monitor-threshold", .form = Form::kNumber, .first_value = "0"},
    {.name = "latency-tracking", .form = Form::kFlag, .first_value = "no"},
    {.name = "lazyfree-lazy-user-del", .form = Form::kFlag, .first_value = "no"},
    {.name = "lazyfree-lazy-user-flush", .form = Form::kFlag, .first_value = "no"},
    {.name = "list-max-listpack-size", .form = Form::kNumber, .first_value = "-2", .low = -5, .high = kIntMax},
    {.name = "list-max-ziplist-size", .form = Form::kNumber, .first_value = "-2", .low = -5, .high = kIntMax},
    {.name = "logfile", .form = Form::kFixed, .first_value = ""},
    {.name = "loglevel", .form = Form::kChoice, .first_value = "notice", .choices = "debug verbose notice warning"},
    {.name = "lua-time-limit", .form = Form::kNumber, .first_value = "5000"},
    {.name = "masterauth", .form = Form::kText, .first_value = ""},
    {.name = "masteruser", .form = Form::kText, .first_value = ""},
    {.name = "maxclients", .form = Form::kNumber, .first_value = "", .low = 1, .high = kIntMax},
    {.name = "maxmemory", .form = Form::kMemory, .first_value = "0"},
    {.name = "maxmemory-policy",
     .form = Form::kChoice,
     .first_value = "noeviction",
     .choices = "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random "
                "noeviction"},
    {.name = "maxmemory-samples", .form = Form::kNumber, .first_value = "5", .low = 1, .high = kIntMax},
    {.name = "pidfile", .form = Form::kFixed, .first_value = ""},
    {.name = "port", .form = Form::kFixed, .first_value = ""},
    {.name = "proto-max-bulk-len", .form = Form::kFixed, .first_value = ""},
    {.name = "protected-mode", .form = Form::kFixed, .first_value = "no"},
    {.name = "rdbcompression", .form = Form::kFlag, .first_value = "no"},
    {.name = "repl-backlog-size", .form = Form::kMemory, .first_value = "1048576", .low = 1},
    {.name = "replica-read-only", .form = Form::kFlag, .first_value = "yes"},
    {.name = "requirepass", .form = Form::kText, .first_value = ""},
    {.name = "save", .form = Form::kText, .first_value = ""},
    {.name = "set-max-intset-entries", .form = Form::kNumber, .first_value = "512"},
    {.name = "slave-read-only", .form = Form::kFlag, .first_value = "yes"},
    {.name = "stop-writes-on-bgsave-error", .form = Form::kFlag, .first_value = "yes"},
    {.name = "tcp-backlog", .form = Form::kFixed, .first_value = "511"},
    {.name = "tcp-keepalive", .form = Form::kFixed, .first_value = "0"},
    {.name = "timeout", .form = Form::kNumber, .first_value = "", .high = kIntMax},
    {.name = "tls-port", .form = Form::kFixed, .first_value = "0"},
    {.name = "tracking-table-max-keys", .form = Form::kNumber, .first_value = "1000000"},
    {.name = "unixsocket", .form = Form::kFixed, .first_value = ""},
    {.name = "zset-max-listpack-entries", .form = Form::kNumber, .first_value = "128"},
    {.name = "zset-max-listpack-value", .form = Form::kMemory, .first_value = "64"},
    {.name = "zset-max-ziplist-entries", .form = Form::kNumber, .first_value = "128"},
    {.name = "zset-max-ziplist-value", .form = Form::kMemory, .first_value = "64"},
});

const Parameter* FindParameter(std::string_view name) {
  const auto* found = std::find_if(kParameters.begin(), kParameters.end(),
                                   [&](const Parameter& parameter) { return IsWord(name, parameter.name); });
  return found == kParameters.end() ? nullptr : found;
}

bool IsChoice(std::string_view choices, std::string_view word) {
  while (!choices.empty()) {
    const std::string_view choice = choices.substr(0, choices.find(' '));
    if (choice == word) return true;
    choices.remove_prefix(std::min(choices.size(), choice.size() + 1));
  }
  return false;
}

std::string Quoted(std::string_view choices) {
  std::string text(choices);
  for (std::size_t at = 0; (at = text.find(' ', at)) != std::string::npos; at += 2) text.insert(at, 1, ',');
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
  const auto* unit = std::find_if(kUnits.begin(), kUnits.end(),
                                  [&](const Unit& candidate) { return IsWord(text.substr(digits), candidate.name); });
  if (!number || unit == kUnits.end()) return std::nullopt;
  if (*number > std::numeric_limits<std::int64_t>::max() / unit->bytes) return std::nullopt;
  return *number * unit->bytes;
}

// The value as it will be read back; an error's context is what is wrong.
Result<std::string> CheckValue(const Parameter& parameter, std::string_view value) {
  const auto refuse = [](std::string why) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = std::move(why)};
  };
  std::optional<std::int64_t> number;
  switch (parameter.form) {
    case Form::kFixed: return refuse("can't set immutable config");
    case Form::kText: return std::string(value);
    case Form::kFlag:
      if (IsWord(value, "yes") || IsWord(value, "no")) return Lowered(value);
      return refuse("argument must be 'yes' or 'no'");
    case Form::kChoice:
      if (IsChoice(parameter.choices, Lowered(value))) return Lowered(value);
      return refuse("argument(s) must be one of the following: " + Quoted(parameter.choices));
    case Form::kNumber:
      number = base::ParseDecimal(value);
      if (!number) return refuse("argument couldn't be parsed into an integer");
      break;
    case Form::kMemory:
      number = ParseMemory(value);
      if (!number) return refuse("argument must be a memory value");
      break;
  }
  if (*number < parameter.low || *number > parameter.high) {
    return refuse("argument must be between " + std::to_string(parameter.low) + " and " +
                  std::to_string(parameter.high) + " inclusive");
  }
  return std::to_string(*number);
}

// Takes as long whatever the guess, so that its time tells nothing about the password.
bool IsEqualInConstantTime(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(i < b.size() ? b[i] : 0);
  }
  return difference == 0;
}

Error SetError(std::string_view name, std::string_view why) {
  return Error{
      .code = ErrorCode::kInvalidArgument,
      .context = "CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " + std::string(why)};
}

}  // namespace

ServerConfig::ServerConfig(const ConfigStart& start) : store_syncs_(start.store_syncs) {
  const std::string output = std::to_string(start.output_bytes_max);
  const std::string fsync = start.sync_before_reply ? "always" : start.store_syncs ? "everysec" : "no";
  const auto timeout_s = std::chrono::duration_cast<std::chrono::seconds>(start.idle_timeout).count();
  const std::vector<Pair> from_options = {
      {"appendfsync", fsync},
      {"bind", start.ip},
      {"client-output-buffer-limit", "normal " + output + " 0 0 slave 0 0 0 pubsub " + output + " 0 0"},
      {"client-query-buffer-limit", std::to_string(start.request_bytes_max)},
      {"dir", start.directory},
      {"maxclients", std::to_string(start.connections_max)},
      {"port", std::to_string(start.port)},
      {"proto-max-bulk-len", std::to_string(std::size_t{512} << 20)},
      {"requirepass", start.password},
      {"timeout", std::to_string(timeout_s)},
  };
  const sync::MutexLock lock(mutex_);
  for (const Parameter& parameter : kParameters) {
    const auto given = std::find_if(from_options.begin(), from_options.end(),
                                    [&](const Pair& pair) { return pair.first == parameter.name; });
    values_.emplace_back(parameter.name, given == from_options.end() ? parameter.first_value : given->second);
    if (given != from_options.end()) Apply({.name = given->first, .value = given->second});
  }
  idle_timeout_ms_.store(start.idle_timeout.count(), std::memory_order_relaxed);  // R1. Finer than CONFIG can say.
}

std::vector<ServerConfig::Pair> ServerConfig::Get(const std::vector<std::string_view>& patterns) const {
  std::vector<Pair> found;
  const sync::MutexLock lock(mutex_);
  for (const Pair& pair : values_) {
    const auto asked = std::find_if(patterns.begin(), patterns.end(), [&](std::string_view pattern) {
      return GlobMatches(pattern, pair.first, Case::kInsensitive);
    });
    if (asked == patterns.end()) continue;
    const bool is_name = asked->find_first_of("*?[") == std::string_view::npos;
    found.emplace_back(is_name ? std::string(*asked) : pair.first, pair.second);
  }
  return found;
}

const std::string* ServerConfig::Find(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const Pair& pair) { return pair.first == name; });
  return found == values_.end() ? nullptr : &found->second;
}

Status ServerConfig::Set(const std::vector<std::pair<std::string_view, std::string_view>>& changes) {
  const sync::MutexLock lock(mutex_);
  std::vector<Applied> checked;
  for (const auto& [name, value] : changes) {
    const Parameter* const parameter = FindParameter(name);
    if (parameter == nullptr) {
      return Error{
          .code = ErrorCode::kInvalidArgument,
          .context = "Unknown option or number of arguments for CONFIG SET - '" + std::string(UpToZero(name)) + "'"};
    }
    const auto is_same = [&](const Applied& other) { return other.name == parameter->name; };
    if (std::any_of(checked.begin(), checked.end(), is_same)) return SetError(name, "duplicate parameter");
    const bool is_unchanged = *Find(parameter->name) == value;
    Result<std::string> readable = is_unchanged ? std::string(value) : CheckValue(*parameter, value);
    if (!readable) return SetError(name, readable.error().context);
    const bool asks_for_store_syncs = parameter->name == "appendfsync" && *readable != "always" && !is_unchanged;
    if (asks_for_store_syncs && (*readable == "everysec") != store_syncs_) {
      return SetError(name, "the store was opened with another sync policy: start the server with --sync");
    }
    checked.push_back({.name = std::string(parameter->name), .value = *std::move(readable)});
  }
  for (const Applied& change : checked) {
    const auto at = std::find_if(values_.begin(), values_.end(), [&](const Pair& p) { return p.first == change.name; });
    at->second = change.value;
    Apply(change);
  }
  return Ok();
}

void ServerConfig::Apply(const Applied& change) {
  if (change.name == "requirepass") {
    has_password_.store(!change.value.empty(), std::memory_order_relaxed);  // R1
  } else if (change.name == "appendfsync") {
    sync_before_reply_.store(change.value == "always", std::memory_order_relaxed);  // R1
  } else if (change.name == "maxclients") {
    connections_max_.store(static_cast<std::size_t>(*base::ParseDecimal(change.value)),
                           std::memory_order_relaxed);  // R1
  } else if (change.name == "timeout") {
    idle_timeout_ms_.store(*base::ParseDecimal(change.value) * 1'000, std::memory_order_relaxed);  // R1
  }
}

bool ServerConfig::IsPassword(std::string_view guess) const {
  const sync::MutexLock lock(mutex_);
  return IsEqualInConstantTime(guess, *Find("requirepass"));
}

}  // namespace kvs::server
