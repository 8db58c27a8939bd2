// The commands on many strings.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/table/command_table.h"
#include "keyspace/ordered_values.h"

namespace kvs::server {
namespace {

constexpr int kUndisturbedTriesMax = 8;
constexpr std::size_t kReplyBytesMax = std::size_t{1} << 30;

// All of what another client writes with one MSET, or nothing of it: where one came in between, the reads are repeated,
// and in the end done alone.
void MGet(Call& call) {
  const auto keys = call.arguments.subspan(1);
  base::ByteBuffer& out = call.reply.out();
  const std::size_t begin = out.size();
  const bool wants_misses = call.server.observation.events.wants(EventClass::kKeyMiss);
  std::vector<std::size_t> missed;
  for (int i = 0; i < kUndisturbedTriesMax || call.must_be_alone; ++i) {
    const auto clock = call.server.multi_writes.Begin();
    if (!clock) continue;
    missed.clear();
    call.reply.Array(keys.size());
    OrderedValues values(call.reply, keys.size(), begin + kReplyBytesMax);
    const Status status = call.keys.MultiGet(keys, [&](std::size_t index, std::optional<std::string_view> value) {
      if (!value && wants_misses) missed.push_back(index);
      values.Take(index, value);
    });
    const bool is_good = status && !values.is_full();
    if (is_good && call.server.multi_writes.IsUndisturbed(*clock)) {
      call.counts.hits += values.hits();
      call.counts.misses += keys.size() - values.hits();
      for (const std::size_t index : missed) call.NotifyMiss(keys[index]);
      return;
    }
    out.Truncate(begin);
    if (is_good) continue;
    if (status) {
      call.Fail("ERR the reply would be larger than 1 GiB");
    } else {
      call.Fail(status.error());
    }
    return;
  }
  call.must_be_alone = true;
}

bool CheckPairs(Call& call) {
  if (call.size() % 2 == 1) return true;
  call.Fail("ERR wrong number of arguments for '" + std::string(call.spec.full_name) + "' command");
  return false;
}

// The engine makes a copy of its own.
WriteBatch BatchOfPairs(Call& call) {
  std::size_t bytes = 0;
  for (const std::string_view argument : call.arguments) bytes += argument.size();
  call.Claim(2 * bytes + call.size() * sizeof(WriteBatch::Operation));
  WriteBatch batch;
  for (std::size_t i = 1; i < call.size(); i += 2) batch.Set(call[i], call[i + 1]);
  return batch;
}

// Before they are written: for each whether it is news that it is new.
std::vector<bool> NewsOfPairs(Call& call) {
  std::vector<bool> news;
  if (!call.server.observation.events.wants(EventClass::kNew)) return news;
  for (std::size_t i = 1; i < call.size(); i += 2) news.push_back(call.IsNewsThatNew(call[i]));
  return news;
}

void NotifyPairs(Call& call, const std::vector<bool>& news) {
  if (!call.server.observation.events.is_on()) return;
  for (std::size_t i = 1; i < call.size(); i += 2) call.NotifySet(call[i], !news.empty() && news[i / 2], false);
}

void MSet(Call& call) {
  if (!CheckPairs(call)) return;
  const WriteBatch batch = BatchOfPairs(call);
  const std::vector<bool> news = NewsOfPairs(call);
  const MultiWriteClock::Writing writing(call.server.multi_writes);
  const Status status = call.keys.Write(batch);
  if (status) NotifyPairs(call, news);
  call.ReplyStatus(status);
}

void MSetNx(Call& call) {
  if (!CheckPairs(call)) return;
  for (std::size_t i = 1; i < call.size(); i += 2) {
    const Result<bool> is_there = call.keys.Read(call[i], [](const Entry&) {});
    if (!is_there) {
      call.Fail(is_there.error());
      return;
    }
    if (*is_there) {
      call.reply.Integer(0);
      return;
    }
  }
  const std::vector<bool> news = NewsOfPairs(call);
  const Status status = call.keys.Write(BatchOfPairs(call));
  if (status) NotifyPairs(call, news);
  if (status) {
    call.reply.Integer(1);
  } else {
    call.Fail(status.error());
  }
}

constexpr KeyPositions kAllKeys{.first = 1, .last = -1, .step = 1};
constexpr KeyPositions kAllPairs{.first = 1, .last = -1, .step = 2};

constexpr CommandSpec String(CommandSpec row) {
  row.group = "string";
  row.complexity = "O(N) in the keys";
  return Row(row);
}

constexpr auto kRows = std::to_array<CommandSpec>({
    String({.full_name = "mget",
            .handler = MGet,
            .arity = -2,
            .flags = kReadOnly | kFast,
            .keys = kAllKeys,
            .key_flags = "RO access",
            .since = "1.0.0",
            .summary = "Replies with many values",
            .usage = "key [key ...]",
            .differences = "Sees all of another client's MSET or EXEC or nothing; of single writes each for itself."}),
    String({.full_name = "mset",
            .handler = MSet,
            .arity = -3,
            .flags = kWrite | kDenyOom,
            .keys = kAllPairs,
            .key_flags = "OW update",
            .since = "1.0.1",
            .summary = "Sets many values in one step",
            .usage = "key value [key value ...]",
            .differences = "At most 256 MiB in one command."}),
    String({.full_name = "msetnx",
            .handler = MSetNx,
            .arity = -3,
            .flags = kWrite | kDenyOom | kExclusive,
            .keys = kAllPairs,
            .key_flags = "OW insert",
            .since = "1.0.1",
            .summary = "Sets many values in one step, if none of the keys is there",
            .usage = "key value [key value ...]",
            .differences = "At most 256 MiB in one command."}),
});

}  // namespace

std::span<const CommandSpec> StringBatchCommands() { return kRows; }

}  // namespace kvs::server
