// SUBSCRIBE, PUBLISH and their kin: messages from one connection to others.
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "commands/table/command_table.h"
#include "net/outbox.h"

namespace kvs::server {
namespace {

constexpr std::uint32_t kAny = kPubSub | kLoading | kStale;

// What the client was sent while it was subscribed comes before the news that it no longer is.
void TakeMail(Call& call) {
  if (call.client.outbox->has_mail()) call.client.outbox->Take(&call.reply.out());
}

void Confirm(Call& call, std::string_view word, std::optional<std::string_view> name, Subscription kind) {
  const std::size_t count = call.client.subscriptions == nullptr ? 0 : call.client.subscriptions->CountWith(kind);
  call.reply.Push(3);
  call.reply.Bulk(word);
  call.reply.BulkOrNull(name);
  call.reply.Integer(static_cast<std::int64_t>(count));
}

void SubscribeTo(Call& call, Subscription kind) {
  for (const std::string_view name : call.arguments.subspan(1)) {
    call.server.pub_sub.Subscribe(call.client, kind, name);
    Confirm(call, call.spec.name, name, kind);
  }
}

void UnsubscribeFrom(Call& call, Subscription kind) {
  std::vector<std::string> names(call.arguments.begin() + 1, call.arguments.end());
  if (names.empty() && call.client.subscriptions != nullptr) {
    const auto& all = call.client.subscriptions->of(kind);
    names.assign(all.begin(), all.end());
  }
  for (const std::string& name : names) {
    call.server.pub_sub.Unsubscribe(call.client, kind, name);
    TakeMail(call);
    Confirm(call, call.spec.name, name, kind);
  }
  if (names.empty()) Confirm(call, call.spec.name, std::nullopt, kind);
}

void Subscribe(Call& call) { SubscribeTo(call, Subscription::kChannel); }

void PSubscribe(Call& call) {
  for (const std::string_view pattern : call.arguments.subspan(1)) {
    if (const auto glob = base::Glob::Parse(pattern); !glob) {
      call.Fail(glob.error());
      return;
    }
  }
  SubscribeTo(call, Subscription::kPattern);
}

void SSubscribe(Call& call) {
  if (call.is_queued) {
    call.Fail("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  } else {
    SubscribeTo(call, Subscription::kShardChannel);
  }
}

void Unsubscribe(Call& call) { UnsubscribeFrom(call, Subscription::kChannel); }
void PUnsubscribe(Call& call) { UnsubscribeFrom(call, Subscription::kPattern); }
void SUnsubscribe(Call& call) { UnsubscribeFrom(call, Subscription::kShardChannel); }

// A client that publishes to itself has the message before the reply, but for EXEC, whose reply is one.
void ReplyReceivers(Call& call, std::size_t receivers) {
  if (!call.is_queued && call.client.reply_mode == ReplyMode::kOn) TakeMail(call);
  call.reply.Integer(static_cast<std::int64_t>(receivers));
}

// A message is encoded once for all of its listeners.
void Publish(Call& call) {
  call.Claim(call[2].size());
  ReplyReceivers(call, call.server.pub_sub.Publish(call[1], call[2]));
}
void SPublish(Call& call) {
  call.Claim(call[2].size());
  ReplyReceivers(call, call.server.pub_sub.PublishToShard(call[1], call[2]));
}

void ReplyNames(Call& call, Subscription kind) {
  if (call.size() > 3) {
    call.Fail("ERR unknown subcommand or wrong number of arguments for '" + std::string(call[1]) +
              "'. Try PUBSUB HELP.");
    return;
  }
  const auto pattern = base::Glob::Parse(call.size() == 3 ? call[2] : "*");
  if (!pattern) {
    call.Fail(pattern.error());
    return;
  }
  const auto names = call.server.pub_sub.Names(kind, *pattern);
  call.reply.Array(names.size());
  for (const std::string& name : names) call.reply.Bulk(name);
}

void ReplyCounts(Call& call, Subscription kind) {
  const auto names = call.arguments.subspan(2);
  call.reply.Array(2 * names.size());
  for (const std::string_view name : names) {
    call.reply.Bulk(name);
    call.reply.Integer(static_cast<std::int64_t>(call.server.pub_sub.CountListeners(kind, name)));
  }
}

void Channels(Call& call) { ReplyNames(call, Subscription::kChannel); }
void ShardChannels(Call& call) { ReplyNames(call, Subscription::kShardChannel); }
void NumSub(Call& call) { ReplyCounts(call, Subscription::kChannel); }
void ShardNumSub(Call& call) { ReplyCounts(call, Subscription::kShardChannel); }

void NumPat(Call& call) {
  call.reply.Integer(static_cast<std::int64_t>(call.server.pub_sub.CountNames(Subscription::kPattern)));
}

constexpr CommandSpec PubSubRow(CommandSpec row) {
  row.group = "pubsub";
  if (row.flags == 0 && row.handler != nullptr) row.flags = kAny;
  if (row.complexity.empty()) row.complexity = "O(N) in the names";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    PubSubRow({.full_name = "pubsub|channels",
               .handler = Channels,
               .arity = -2,
               .since = "2.8.0",
               .complexity = "O(N) in the channels",
               .summary = "Lists the channels that somebody is subscribed to",
               .usage = "[pattern]"}),
    PubSubRow({.full_name = "pubsub|help",
               .handler = ReplyHelp,
               .arity = 2,
               .flags = kLoading | kStale,
               .since = "6.2.0",
               .complexity = "O(1)",
               .summary = "Prints this help"}),
    PubSubRow({.full_name = "pubsub|numpat",
               .handler = NumPat,
               .arity = 2,
               .since = "2.8.0",
               .complexity = "O(1)",
               .summary = "Counts the patterns that somebody is subscribed to"}),
    PubSubRow({.full_name = "pubsub|numsub",
               .handler = NumSub,
               .arity = -2,
               .since = "2.8.0",
               .summary = "Counts the subscribers of channels",
               .usage = "[channel [channel ...]]"}),
    PubSubRow({.full_name = "pubsub|shardchannels",
               .handler = ShardChannels,
               .arity = -2,
               .since = "7.0.0",
               .complexity = "O(N) in the channels",
               .summary = "Lists the shard channels that somebody is subscribed to",
               .usage = "[pattern]"}),
    PubSubRow({.full_name = "pubsub|shardnumsub",
               .handler = ShardNumSub,
               .arity = -2,
               .since = "7.0.0",
               .summary = "Counts the subscribers of shard channels",
               .usage = "[shardchannel [shardchannel ...]]"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    PubSubRow({.full_name = "psubscribe",
               .handler = PSubscribe,
               .arity = -2,
               .flags = kAny | kNoScript | kInSubscription,
               .since = "2.0.0",
               .summary = "Listens to the channels that match patterns",
               .usage = "pattern [pattern ...]"}),
    PubSubRow(
        {.full_name = "publish",
         .handler = Publish,
         .arity = 3,
         .flags = kAny | kFast | kMayReplicate,
         .since = "2.0.0",
         .complexity = "O(N) in the receivers and the patterns",
         .summary = "Sends a message to the clients that listen to a channel",
         .usage = "channel message",
         .differences = "A client that publishes to itself inside of EXEC gets the message after the reply of EXEC."}),
    PubSubRow({.full_name = "pubsub",
               .arity = -2,
               .since = "2.8.0",
               .complexity = "Depends on the subcommand",
               .summary = "A container of commands about subscriptions",
               .subcommands = kSubcommands}),
    PubSubRow({.full_name = "punsubscribe",
               .handler = PUnsubscribe,
               .arity = -1,
               .flags = kAny | kNoScript | kInSubscription,
               .since = "2.0.0",
               .summary = "Listens no more to the channels that match patterns",
               .usage = "[pattern [pattern ...]]"}),
    PubSubRow({.full_name = "spublish",
               .handler = SPublish,
               .arity = 3,
               .flags = kAny | kFast | kMayReplicate,
               .keys = {.first = 1, .last = 1, .step = 1},
               .key_flags = "not_key",
               .since = "7.0.0",
               .complexity = "O(N) in the receivers",
               .summary = "Sends a message to the clients that listen to a shard channel",
               .usage = "shardchannel message"}),
    PubSubRow({.full_name = "ssubscribe",
               .handler = SSubscribe,
               .arity = -2,
               .flags = kAny | kNoScript | kInSubscription,
               .keys = {.first = 1, .last = -1, .step = 1},
               .key_flags = "not_key",
               .since = "7.0.0",
               .summary = "Listens to shard channels",
               .usage = "shardchannel [shardchannel ...]"}),
    PubSubRow({.full_name = "subscribe",
               .handler = Subscribe,
               .arity = -2,
               .flags = kAny | kNoScript | kInSubscription,
               .since = "2.0.0",
               .summary = "Listens to channels",
               .usage = "channel [channel ...]"}),
    PubSubRow({.full_name = "sunsubscribe",
               .handler = SUnsubscribe,
               .arity = -1,
               .flags = kAny | kNoScript | kInSubscription,
               .keys = {.first = 1, .last = -1, .step = 1},
               .key_flags = "not_key",
               .since = "7.0.0",
               .summary = "Listens no more to shard channels",
               .usage = "[shardchannel [shardchannel ...]]"}),
    PubSubRow({.full_name = "unsubscribe",
               .handler = Unsubscribe,
               .arity = -1,
               .flags = kAny | kNoScript | kInSubscription,
               .since = "2.0.0",
               .summary = "Listens no more to channels",
               .usage = "[channel [channel ...]]"}),
});

}  // namespace

std::span<const CommandSpec> PubSubCommands() { return kRows; }

}  // namespace kvs::server
