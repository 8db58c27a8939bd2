// DEBUG: what tests and tools for Redis ask of a server, where it was started with --enable-debug-command yes.
#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/decimal.h"
#include "base/hash.h"
#include "base/letters.h"
#include "commands/table/command_table.h"
#include "commands/table/parsing.h"
#include "protocol/dump_payload.h"

namespace kvs::server {
namespace {

constexpr std::string_view kRefusal =
    "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it from a "
    "local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

constexpr double kSleepSecondsMax = 3'600;

void Sleep(Call& call) {
  double seconds = 0;
  const std::string_view text = call[2];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || std::isnan(seconds)) seconds = 0;  // As strtod().
  // tidy-allow(sleep): a pause is what was asked for.
  std::this_thread::sleep_for(std::chrono::duration<double>(std::clamp(seconds, 0.0, kSleepSecondsMax)));
  call.reply.Ok();
}

void Object(Call& call) {
  std::string line;
  const Result<bool> found = call.keys.Read(call[2], [&](const Entry& entry) {
    const bool is_number = base::ParseDecimal(entry.value).has_value();
    line = "Value at:0x0 refcount:1 encoding:" + std::string(is_number ? "int" : "raw") +
           " serializedlength:" + std::to_string(protocol::DumpedStringBytes(entry.value)) +
           " lru:0 lru_seconds_idle:0";
  });
  if (!found) {
    call.Fail(found.error());
  } else if (*found) {
    call.reply.Simple(line);
  } else {
    call.Fail("ERR no such key");
  }
}

// What was written is in the log already: what a restart would find is what there is.
void Reload(Call& call) {
  call.needs_sync = true;
  call.reply.Ok();
}

void SetActiveExpire(Call& call) {
  call.server.engine.set_expires_actively(base::ParseDecimal(call[2]).value_or(0) !=
                                          0);  // As atoi(), for good numbers.
  call.reply.Ok();
}

// --- Digests: the same for the same pairs, whatever the order they came in ---

class Digest {
 public:
  void Add(std::string_view key, std::string_view value) {
    for (std::size_t i = 0; i < words_.size(); ++i) words_[i] ^= base::Hash64(value, base::Hash64(key, i));
  }
  // 40 hexadecimal digits, as those of Redis.
  std::string Text() const {
    char text[3 * 16 + 1];
    std::snprintf(text, sizeof text, "%016llx%016llx%016llx", static_cast<unsigned long long>(words_[0]),
                  static_cast<unsigned long long>(words_[1]), static_cast<unsigned long long>(words_[2]));
    return std::string(text, 40);
  }

 private:
  std::array<std::uint64_t, 3> words_{};
};

void DigestAll(Call& call) {
  Digest digest;
  const Status status = call.keys.Scan({}, [&](std::string_view key, std::string_view value) {
    digest.Add(key, value);
    return true;
  });
  if (status) {
    call.reply.Simple(digest.Text());
  } else {
    call.Fail(status.error());
  }
}

void DigestValues(Call& call) {
  std::vector<std::string> digests;
  for (const std::string_view key : call.arguments.subspan(2)) {
    Digest digest;
    const Result<bool> found = call.keys.Read(key, [&](const Entry& entry) { digest.Add({}, entry.value); });
    if (!found) {
      call.Fail(found.error());
      return;
    }
    digests.push_back(digest.Text());
  }
  call.reply.Array(digests.size());
  for (const std::string& digest : digests) call.reply.Simple(digest);
}

// --- One reply of each kind ---

void ReplyThree(Call& call, bool with_values) {
  for (std::int64_t i = 0; i < 3; ++i) {
    call.reply.Integer(i);
    if (with_values) call.reply.Bool(i == 1);
  }
}

void Protocol(Call& call) {
  const std::string_view kind = call[2];
  if (base::IsWord(kind, "string")) {
    call.reply.Bulk("Hello World");
  } else if (base::IsWord(kind, "integer")) {
    call.reply.Integer(12'345);
  } else if (base::IsWord(kind, "double")) {
    call.reply.Double(3.141);
  } else if (base::IsWord(kind, "null")) {
    call.reply.Null();
  } else if (base::IsWord(kind, "array")) {
    call.reply.Array(3);
    ReplyThree(call, false);
  } else if (base::IsWord(kind, "set")) {
    call.reply.Set(3);
    ReplyThree(call, false);
  } else if (base::IsWord(kind, "map")) {
    call.reply.Map(3);
    ReplyThree(call, true);
  } else if (base::IsWord(kind, "verbatim")) {
    call.reply.Verbatim("This is a verbatim\nstring");
  } else if (base::IsWord(kind, "true") || base::IsWord(kind, "false")) {
    call.reply.Bool(base::IsWord(kind, "true"));
  } else {
    call.Fail(
        "ERR Wrong protocol type name. Please use one of the following: "
        "string|integer|double|null|array|set|map|verbatim|true|false");
  }
}

void Help(Call& call) {
  constexpr auto kLines = std::to_array<std::string_view>({
      "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
      "DIGEST",
      "    Replies with a digest of all pairs.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Replies with digests of values.",
      "ERROR <string>",
      "    Replies with an error.",
      "LOADAOF",
      "    Syncs what was written.",
      "OBJECT <key>",
      "    Tells how Redis would keep a value.",
      "PROTOCOL <type>",
      "    Replies with a value of a type of the protocol.",
      "RELOAD [option ...]",
      "    Syncs what was written.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Chooses whether expired keys go though nobody asks for them.",
      "SLEEP <seconds>",
      "    Has the server stand still.",
      "HELP",
      "    Prints this help.",
  });
  call.reply.Array(kLines.size());
  for (const std::string_view line : kLines) call.reply.Simple(line);
}

struct Subcommand {
  std::string_view name;
  std::size_t size_min;
  std::size_t size_max;
  CommandHandler handler;
};

constexpr std::size_t kAny = ~std::size_t{0};
constexpr auto kSubcommands = std::to_array<Subcommand>({
    {"digest", 2, 2, DigestAll},
    {"digest-value", 2, kAny, DigestValues},
    {"error", 3, 3, [](Call& call) { call.Fail(call[2]); }},
    {"help", 2, 2, Help},
    {"loadaof", 2, 2, Reload},
    {"object", 3, 3, Object},
    {"protocol", 3, 3, Protocol},
    {"reload", 2, kAny, Reload},
    {"set-active-expire", 3, 3, SetActiveExpire},
    {"sleep", 3, 3, Sleep},
});

void Debug(Call& call) {
  if (!call.server.config.allows_debug()) {
    call.Fail(kRefusal);
    return;
  }
  const auto* const found = std::find_if(kSubcommands.begin(), kSubcommands.end(), [&](const Subcommand& subcommand) {
    return base::IsWord(call[1], subcommand.name) && call.size() >= subcommand.size_min &&
           call.size() <= subcommand.size_max;
  });
  if (found != kSubcommands.end()) {
    found->handler(call);
    return;
  }
  call.Fail("ERR unknown subcommand or wrong number of arguments for '" +
            std::string(base::UpToZero(call[1]).substr(0, 128)) + "'. Try DEBUG HELP.");
}

constexpr auto kRows = std::to_array<CommandSpec>({
    Row({.full_name = "debug",
         .handler = Debug,
         .arity = -2,
         .flags = kAdmin | kNoScript | kLoading | kStale | kDangerous | kExclusive,
         .group = "server",
         .since = "1.0.0",
         .complexity = "Depends on the subcommand",
         .summary = "A container of commands for tests",
         .usage = "subcommand [arg [arg ...]]",
         .differences =
             "Only where the server was started with --enable-debug-command yes, and only what DEBUG HELP lists. "
             "RELOAD and LOADAOF sync."}),
});

}  // namespace

std::span<const CommandSpec> DebugCommands() { return kRows; }

}  // namespace kvs::server
