#include "commands/keys/walks.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/byte_buffer.h"
#include "base/decimal.h"
#include "base/glob.h"
#include "base/letters.h"
#include "base/random.h"
#include "base/try.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

constexpr std::size_t kKeysBytesMax = std::size_t{64} << 20;  // Of a reply to KEYS.

// Bulks that are counted before they are sent, because their number comes first.
class BulkList {
 public:
  explicit BulkList(const Call& call) : bulks_(call.client.outbox->account()) {}

  void Add(std::string_view bytes) {
    writer_.Bulk(bytes);
    ++count_;
  }
  std::size_t bytes() const { return bulks_.size(); }
  void ReplyTo(Call& call) {
    call.reply.Array(count_);
    call.reply.out().Append(bulks_.view());
  }

 private:
  base::ByteBuffer bulks_;
  protocol::RespWriter writer_{&bulks_};
  std::size_t count_ = 0;
};

// The least key that is greater.
std::string Successor(std::string_view key) { return std::string(key) + '\0'; }

// What one step looks at, so that the time it takes has a bound, whatever the keys and the pattern.
constexpr std::size_t kStepKeysMax = std::size_t{1} << 14;
constexpr std::size_t kStepBytesMax = std::size_t{1} << 20;  // Of keys; a value's bytes are only checked, so they
constexpr std::size_t kValueBytesForOne = 8;                 // count for less.

// Looks at the next keys of `range`, and returns the last of them; nullopt: there are no more.
Result<std::optional<std::string>> Step(Keyspace& keys, ScanRange range, FunctionRef<void(std::string_view key)> look) {
  std::size_t looked_at = 0;
  std::size_t bytes = 0;
  std::optional<std::string> end;
  range.limit = std::min(range.limit, kStepKeysMax);
  const Status status = keys.Scan(range, [&](std::string_view key, std::string_view value) {
    look(key);
    ++looked_at;
    bytes += key.size() + value.size() / kValueBytesForOne;
    if (looked_at < range.limit && bytes < kStepBytesMax) return true;
    end = key;
    return false;
  });
  if (!status) return status.error();
  return end;
}

// KEYS, one step in each turn.
class KeysWalk final : public UnfinishedCall {
 public:
  KeysWalk(const Call& call, base::Glob pattern)
      : UnfinishedCall(call.spec), pattern_(std::move(pattern)), keys_(call) {}

  std::size_t bytes() const override { return keys_.bytes(); }

  bool GoOn(Call& call) override {
    const auto last = Step(call.keys, {.from = from_, .prefix = pattern_.prefix()}, [&](std::string_view key) {
      if (pattern_.Matches(key)) keys_.Add(key);
    });
    if (!last) {
      call.Fail(last.error());
    } else if (keys_.bytes() > kKeysBytesMax) {
      call.Fail("ERR the reply would be larger than 64 MiB: use SCAN");
    } else if (*last) {
      from_ = Successor(**last);
      return false;
    } else {
      keys_.ReplyTo(call);
    }
    return true;
  }

 private:
  const base::Glob pattern_;
  std::string from_;
  BulkList keys_;
};

}  // namespace

// In a transaction, and where its reply may have to be left out, it does not stop in between.
void Keys(Call& call) {
  auto pattern = base::Glob::Parse(call[1]);
  if (!pattern) {
    call.Fail(pattern.error());
    return;
  }
  auto walk = std::make_unique<KeysWalk>(call, *std::move(pattern));
  const bool may_stop = !call.is_queued && call.client.reply_mode == ReplyMode::kOn;
  bool has_replied = walk->GoOn(call);
  while (!has_replied && !may_stop) has_replied = walk->GoOn(call);
  if (!has_replied) call.client.unfinished = std::move(walk);
}

// --- SCAN ---

namespace {

struct ScanOptions {
  std::string_view pattern = "*";
  std::size_t count = 10;  // Keys to look at, not to reply with.
  bool is_type_right = true;
};

// nullopt: answered.
std::optional<ScanOptions> ReadScanOptions(Call& call) {
  ScanOptions options;
  for (std::size_t i = 2; i < call.size(); i += 2) {
    const bool has_more = i + 1 < call.size();
    if (base::IsWord(call[i], "count") && has_more) {
      const auto count = ReadInteger(call, call[i + 1]);
      if (!count) return std::nullopt;
      if (*count < 1) {
        call.FailSyntax();
        return std::nullopt;
      }
      options.count = static_cast<std::size_t>(*count);
    } else if (base::IsWord(call[i], "match") && has_more) {
      options.pattern = call[i + 1];
    } else if (base::IsWord(call[i], "type") && has_more) {
      options.is_type_right = base::IsWord(call[i + 1], "string");
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  return options;
}

// Leading zeroes are allowed, and no digits mean 0.
std::optional<std::uint64_t> ParseCursor(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  return text.empty() ? std::optional<std::uint64_t>(0) : base::ParseUnsignedDecimal(text);
}

// Looks at the next keys after `last`, and returns the cursor that goes on after them.
Result<std::uint64_t> Walk(Call& call, const ScanOptions& options, const std::optional<std::string>& last,
                           BulkList* found) {
  KVS_TRY_ASSIGN(const base::Glob pattern, base::Glob::Parse(options.pattern));
  ScanRange range{.from = last ? Successor(*last) : std::string(), .prefix = pattern.prefix()};
  range.limit = options.count;
  KVS_TRY_ASSIGN(const std::optional<std::string> end, Step(call.keys, range, [&](std::string_view key) {
                   if (options.is_type_right && pattern.Matches(key)) found->Add(key);
                 }));
  return end ? call.server.cursors.CursorAfter(*end) : 0;
}

}  // namespace

void Scan(Call& call) {
  const auto cursor = ParseCursor(call[1]);
  if (!cursor) {
    call.Fail("ERR invalid cursor");
    return;
  }
  const auto options = ReadScanOptions(call);
  if (!options) return;
  BulkList found(call);
  const Result<std::uint64_t> next = Walk(call, *options, call.server.cursors.GoOn(*cursor), &found);
  if (!next) {
    call.Fail(next.error());
    return;
  }
  call.reply.Array(2);
  call.reply.Bulk(base::DecimalText(*next).view());
  found.ReplyTo(call);
}

// --- RANDOMKEY ---

namespace {

constexpr std::size_t kDescentMax = 64;  // Levels; the rest is left to the steps.
constexpr std::uint64_t kStepsMax = 128;

base::Random& RandomOfThisThread() {
  thread_local base::Random random(reinterpret_cast<std::uintptr_t>(&random) ^
                                   static_cast<std::uint64_t>(ClientState::Clock::now().time_since_epoch().count()));
  return random;
}

// The first key of `range`, or the last where it is reversed.
Result<std::optional<std::string>> EndOf(Keyspace& keys, ScanRange range) {
  std::optional<std::string> end;
  range.limit = 1;
  const Status status = keys.Scan(range, [&](std::string_view key, std::string_view) {
    end = key;
    return true;
  });
  if (!status) return status.error();
  return end;
}

// Goes down from the prefix that all keys share, at each fork to one of the ways by chance.
Result<std::optional<std::string>> Descend(Keyspace& keys, base::Random& random) {
  std::string prefix;
  for (std::size_t level = 0;; ++level) {
    auto first = EndOf(keys, {.prefix = prefix});
    if (!first || !*first) return first;
    auto last = EndOf(keys, {.prefix = prefix, .reverse = true});
    if (!last || !*last || **first == **last || level == kDescentMax) return first;
    const auto fork = std::mismatch((*first)->begin(), (*first)->end(), (*last)->begin(), (*last)->end());
    const auto shared = static_cast<std::size_t>(fork.first - (*first)->begin());
    // A key that ends at the fork is a way of its own, before the others.
    const int low = shared < (*first)->size() ? static_cast<unsigned char>((**first)[shared]) : -1;
    const int high = static_cast<unsigned char>((**last)[shared]);
    const int chosen = low + static_cast<int>(random.Below(static_cast<std::uint64_t>(high - low) + 1));
    if (chosen < 0) return first;
    prefix = (*last)->substr(0, shared);
    auto next = EndOf(keys, {.from = prefix + static_cast<char>(chosen), .prefix = prefix});
    if (!next || !*next) return next;
    prefix = (*next)->substr(0, shared + 1);
  }
}

}  // namespace

// Forks and keys are not the same thing, so that a descent alone would prefer keys in thin places: some steps from
// where it ends, to either side, even that out.
// Where the engine draws keys it does so; within a transaction, which it does not know, the way below serves.
void RandomKey(Call& call) {
  base::Random& random = RandomOfThisThread();
  if (!call.is_queued) {
    const auto drawn = call.server.engine.RandomKey([&](std::uint64_t n) { return random.Below(n); });
    if (drawn && *drawn) {
      call.reply.Bulk(**drawn);
      return;
    }
    if (!drawn && drawn.error().code != ErrorCode::kUnsupported) {
      call.Fail(drawn.error());
      return;
    }
  }
  const auto start = Descend(call.keys, random);
  if (!start) {
    call.Fail(start.error());
    return;
  }
  std::optional<std::string> chosen = *start;
  const std::uint64_t steps = random.Below(kStepsMax);
  ScanRange range{.limit = static_cast<std::size_t>(steps) + 1, .reverse = random.OneIn(2)};
  if (*start && range.reverse) range.to = Successor(**start);
  if (*start && !range.reverse) range.from = **start;
  std::vector<std::string> passed;
  const Status status = call.keys.Scan(range, [&](std::string_view key, std::string_view) {
    passed.emplace_back(key);
    return true;
  });
  if (!status) {
    call.Fail(status.error());
    return;
  }
  if (!passed.empty()) chosen = passed[random.Below(passed.size())];
  call.reply.BulkOrNull(chosen);
}

}  // namespace kvs::server
