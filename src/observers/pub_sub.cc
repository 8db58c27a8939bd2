#include "observers/pub_sub.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/byte_buffer.h"
#include "base/check.h"
#include "protocol/resp_writer.h"

namespace kvs::server {
namespace {

// One message in the forms that its listeners want, each made once.
class Message {
 public:
  explicit Message(std::span<const std::string_view> words) : words_(words) {}

  // How many there are: those that CLIENT KILL has ended no longer count.
  std::size_t SendTo(const std::set<Subscriber*>& listeners) {
    std::size_t receivers = 0;
    for (const Subscriber* listener : listeners) {
      if (listener->is_killed.load(std::memory_order_relaxed)) continue;  // R1
      SendTo(*listener);
      ++receivers;
    }
    return receivers;
  }

 private:
  void SendTo(const Subscriber& listener) {
    const int version = listener.resp_version.load(std::memory_order_relaxed);  // R1
    base::ByteBuffer& form = forms_[version == 2 ? 0 : 1];
    if (form.empty()) {
      protocol::RespWriter writer(&form);
      writer.set_version(version);
      writer.Push(words_.size());
      for (const std::string_view word : words_) writer.Bulk(word);
    }
    listener.outbox->Push(form.view());
  }

  const std::span<const std::string_view> words_;
  std::array<base::ByteBuffer, 2> forms_;
};

// What a subscription counts in the memory of its client, also where others have the same.
std::size_t BytesOf(std::string_view name, const std::optional<base::Glob>& pattern) {
  return Subscriber::KeptBytes(name) + (pattern ? pattern->bytes() : 0);
}

// After any change, for CLIENT LIST and for what a subscribed client may do.
void Recount(Subscriber& client) {
  const auto& names = client.subscriptions->names;
  client.is_subscribed = std::any_of(names.begin(), names.end(), [](const auto& of_kind) { return !of_kind.empty(); });
  for (std::size_t i = 0; i < kSubscriptionKinds; ++i) {
    client.subscription_counts[i].store(names[i].size(), std::memory_order_relaxed);  // R1
  }
}

}  // namespace

bool PubSub::Subscribe(Subscriber& client, Subscription kind, std::string_view name) {
  if (client.subscriptions == nullptr) client.subscriptions = std::make_unique<Subscriptions>();
  if (client.subscriptions->of(kind).contains(name)) return false;
  std::optional<base::Glob> pattern;
  if (kind == Subscription::kPattern) {
    auto read = base::Glob::Parse(name);
    KVS_CHECK(read.has_value());
    pattern = *std::move(read);
  }
  client.Keep(BytesOf(name, pattern));
  client.subscriptions->of(kind).emplace(name);
  Recount(client);
  const sync::MutexLock lock(mutex_);
  Audience& audience = TableOf(kind)[std::string(name)];
  if (pattern && !audience.pattern) audience.pattern = std::move(pattern);
  audience.listeners.insert(&client);
  return true;
}

// Not everything of it need be there: there may have been no memory for it.
void PubSub::Remove(Subscriber& client, Subscription kind, const std::string& name) {
  Audiences& table = TableOf(kind);
  const auto found = table.find(name);
  if (found == table.end()) return;
  client.LetGo(BytesOf(name, found->second.pattern));
  found->second.listeners.erase(&client);
  if (found->second.listeners.empty()) table.erase(found);
}

bool PubSub::Unsubscribe(Subscriber& client, Subscription kind, std::string_view name) {
  if (client.subscriptions == nullptr) return false;
  auto& names = client.subscriptions->of(kind);
  const auto found = names.find(name);
  if (found == names.end()) return false;
  {
    const sync::MutexLock lock(mutex_);
    Remove(client, kind, *found);
  }
  names.erase(found);
  Recount(client);
  return true;
}

void PubSub::UnsubscribeAll(Subscriber& client) {
  if (!client.is_subscribed) return;
  const sync::MutexLock lock(mutex_);
  for (const Subscription kind : {Subscription::kChannel, Subscription::kPattern, Subscription::kShardChannel}) {
    for (const std::string& name : client.subscriptions->of(kind)) Remove(client, kind, name);
    client.subscriptions->of(kind).clear();
  }
  Recount(client);
}

std::size_t PubSub::Send(Subscription kind, std::string_view name, std::string_view word, std::string_view message) {
  const auto found = TableOf(kind).find(name);
  if (found == TableOf(kind).end()) return 0;
  const std::array<std::string_view, 3> words = {word, name, message};
  Message encoded(words);
  return encoded.SendTo(found->second.listeners);
}

std::size_t PubSub::Publish(std::string_view channel, std::string_view message) {
  const sync::MutexLock lock(mutex_);
  std::size_t receivers = Send(Subscription::kChannel, channel, "message", message);
  for (const auto& [pattern, audience] : TableOf(Subscription::kPattern)) {
    if (!audience.pattern->Matches(channel)) continue;
    const std::array<std::string_view, 4> words = {"pmessage", pattern, channel, message};
    Message encoded(words);
    receivers += encoded.SendTo(audience.listeners);
  }
  return receivers;
}

std::size_t PubSub::PublishToShard(std::string_view channel, std::string_view message) {
  const sync::MutexLock lock(mutex_);
  return Send(Subscription::kShardChannel, channel, "smessage", message);
}

std::vector<std::string> PubSub::Names(Subscription kind, const base::Glob& pattern) const {
  std::vector<std::string> names;
  const sync::MutexLock lock(mutex_);
  for (const auto& [name, audience] : TableOf(kind)) {
    if (pattern.Matches(name)) names.push_back(name);
  }
  return names;
}

std::size_t PubSub::CountNames(Subscription kind) const {
  const sync::MutexLock lock(mutex_);
  return TableOf(kind).size();
}

std::size_t PubSub::CountListeners(Subscription kind, std::string_view name) const {
  const sync::MutexLock lock(mutex_);
  const auto found = TableOf(kind).find(name);
  return found == TableOf(kind).end() ? 0 : found->second.listeners.size();
}

}  // namespace kvs::server
