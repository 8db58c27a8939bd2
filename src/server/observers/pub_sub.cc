#include "server/observers/pub_sub.h"

#include <algorithm>
#include <optional>
#include <span>

#include "base/byte_buffer.h"
#include "protocol/resp_writer.h"
#include "server/client_state.h"
#include "server/glob.h"

namespace kvs::server {
namespace {

// One message in the forms that its listeners want, each made once.
class Message {
 public:
  explicit Message(std::span<const std::string_view> words) : words_(words) {}

  void SendTo(const ClientState& listener) {
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

 private:
  const std::span<const std::string_view> words_;
  std::array<base::ByteBuffer, 2> forms_;
};

// After any change, for CLIENT LIST and for what a subscribed client may do.
void Recount(ClientState& client) {
  const auto& names = client.subscriptions->names;
  client.is_subscribed = std::any_of(names.begin(), names.end(), [](const auto& of_kind) { return !of_kind.empty(); });
  client.outbox->set_is_expected(client.is_subscribed);
  for (std::size_t i = 0; i < kSubscriptionKinds; ++i) {
    client.subscription_counts[i].store(names[i].size(), std::memory_order_relaxed);  // R1
  }
}

}  // namespace

bool PubSub::Subscribe(ClientState& client, Subscription kind, std::string_view name) {
  if (client.subscriptions == nullptr) client.subscriptions = std::make_unique<Subscriptions>();
  if (!client.subscriptions->of(kind).emplace(name).second) return false;
  Recount(client);
  const sync::MutexLock lock(mutex_);
  TableOf(kind)[std::string(name)].push_back(&client);
  return true;
}

void PubSub::Remove(ClientState& client, Subscription kind, const std::string& name) {
  Listeners& table = TableOf(kind);
  const auto found = table.find(name);
  std::erase(found->second, &client);
  if (found->second.empty()) table.erase(found);
}

bool PubSub::Unsubscribe(ClientState& client, Subscription kind, std::string_view name) {
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

void PubSub::UnsubscribeAll(ClientState& client) {
  if (!client.is_subscribed) return;
  const sync::MutexLock lock(mutex_);
  for (const Subscription kind : {Subscription::kChannel, Subscription::kPattern, Subscription::kShardChannel}) {
    for (const std::string& name : client.subscriptions->of(kind)) Remove(client, kind, name);
    client.subscriptions->of(kind).clear();
  }
  Recount(client);
}

std::size_t PubSub::Send(Subscription kind, std::string_view name, std::string_view word, std::string_view message) {
  const auto found = TableOf(kind).find(std::string(name));
  if (found == TableOf(kind).end()) return 0;
  const std::array<std::string_view, 3> words = {word, name, message};
  Message encoded(words);
  for (const ClientState* listener : found->second) encoded.SendTo(*listener);
  return found->second.size();
}

std::size_t PubSub::Publish(std::string_view channel, std::string_view message) {
  const sync::MutexLock lock(mutex_);
  std::size_t receivers = Send(Subscription::kChannel, channel, "message", message);
  for (const auto& [pattern, listeners] : TableOf(Subscription::kPattern)) {
    if (!GlobMatches(pattern, channel)) continue;
    const std::array<std::string_view, 4> words = {"pmessage", pattern, channel, message};
    Message encoded(words);
    for (const ClientState* listener : listeners) encoded.SendTo(*listener);
    receivers += listeners.size();
  }
  return receivers;
}

std::size_t PubSub::PublishToShard(std::string_view channel, std::string_view message) {
  const sync::MutexLock lock(mutex_);
  return Send(Subscription::kShardChannel, channel, "smessage", message);
}

std::vector<std::string> PubSub::Names(Subscription kind, std::string_view pattern) const {
  std::vector<std::string> names;
  const sync::MutexLock lock(mutex_);
  for (const auto& [name, listeners] : TableOf(kind)) {
    if (pattern.empty() || GlobMatches(pattern, name)) names.push_back(name);
  }
  return names;
}

std::size_t PubSub::CountNames(Subscription kind) const {
  const sync::MutexLock lock(mutex_);
  return TableOf(kind).size();
}

std::size_t PubSub::CountListeners(Subscription kind, std::string_view name) const {
  const sync::MutexLock lock(mutex_);
  const auto found = TableOf(kind).find(std::string(name));
  return found == TableOf(kind).end() ? 0 : found->second.size();
}

}  // namespace kvs::server
