#include "observers/tracking.h"

#include <algorithm>
#include <utility>

#include "base/byte_buffer.h"
#include "protocol/resp_writer.h"

namespace kvs::server {
namespace {

// What a table entry costs besides its key, about.
constexpr std::size_t kBytesPerKey = 120;
constexpr std::size_t kBytesPerReader = 48;

constexpr std::string_view kChannel = "__redis__:invalidate";

using Keys = std::vector<std::string_view>;

// nullptr: all keys.
void AppendKeys(protocol::RespWriter& writer, const Keys* keys) {
  if (keys == nullptr) {
    writer.Null();
    return;
  }
  writer.Array(keys->size());
  for (const std::string_view key : *keys) writer.Bulk(key);
}

// Version 2 has no pushes: there the news is a message to a client that listens to channels.
void Send(const Subscriber& client, const Keys* keys) {
  const int version = client.resp_version.load(std::memory_order_relaxed);  // R1
  base::ByteBuffer bytes;
  protocol::RespWriter writer(&bytes);
  writer.set_version(version);
  if (version > 2) {
    writer.Push(2);
    writer.Bulk("invalidate");
  } else {
    writer.Array(3);
    writer.Bulk("message");
    writer.Bulk(kChannel);
  }
  AppendKeys(writer, keys);
  client.outbox->Push(bytes.view());
}

void SendBroken(const Subscriber& client, std::uint64_t redirect) {
  base::ByteBuffer bytes;
  protocol::RespWriter writer(&bytes);
  writer.set_version(3);
  writer.Push(2);
  writer.Bulk("tracking-redir-broken");
  writer.Integer(static_cast<std::int64_t>(redirect));
  client.outbox->Push(bytes.view());
}

}  // namespace

void Tracking::Enter(Subscriber& client, const TrackingOptions& options) {
  TrackingState& state = client.tracking;
  std::set<std::string> prefixes = state.prefixes;
  std::size_t added_bytes = 0;
  if (options.is_broadcast) {
    for (const std::string& prefix : options.prefixes) {
      if (prefixes.insert(prefix).second && !prefix.empty()) added_bytes += Subscriber::KeptBytes(prefix);
    }
    if (prefixes.empty()) prefixes.insert("");
  }
  client.Keep(added_bytes);
  const sync::MutexLock lock(mutex_);
  state.is_on = true;
  state.options = {.is_broadcast = options.is_broadcast,
                   .is_no_loop = options.is_no_loop,
                   .choice = options.choice,
                   .redirect = options.redirect};
  state.is_broken.store(false, std::memory_order_relaxed);                                    // R1
  state.shown.store(static_cast<std::int64_t>(options.redirect), std::memory_order_relaxed);  // R1
  tracking_.emplace(client.id, &client);
  state.prefixes = std::move(prefixes);
  if (options.is_broadcast) {
    for (const std::string& prefix : state.prefixes) listeners_[prefix].insert(client.id);
  }
  observers_.Set(Observers::kTracking, true);
}

// What it has read is found to be nobody's when it changes.
void Tracking::Leave(Subscriber& client) {
  TrackingState& state = client.tracking;
  if (!state.is_on) return;
  const sync::MutexLock lock(mutex_);
  for (const std::string& prefix : state.prefixes) {
    if (!prefix.empty()) client.LetGo(prefix);
    const auto found = listeners_.find(prefix);
    if (found == listeners_.end()) continue;  // There was no memory for it.
    found->second.erase(client.id);
    if (found->second.empty()) listeners_.erase(found);
  }
  state.is_on = false;
  state.options = {};
  state.prefixes.clear();
  state.has_chosen = false;
  state.is_broken.store(false, std::memory_order_relaxed);  // R1
  state.shown.store(-1, std::memory_order_relaxed);         // R1
  tracking_.erase(client.id);
  if (tracking_.empty()) {
    ForgetReaders();
    observers_.Set(Observers::kTracking, false);
  }
}

void Tracking::Remember(const Subscriber& client, std::string_view key) {
  const sync::MutexLock lock(mutex_);
  const auto [at, is_new] = readers_.try_emplace(std::string(key));
  if (is_new) readers_bytes_ += kBytesPerKey + key.size();
  if (at->second.insert(client.id).second) readers_bytes_ += kBytesPerReader;
  GiveUpKeys();
}

void Tracking::GiveUpKeys() {
  const auto is_too_much = [&]() KVS_NO_THREAD_SAFETY_ANALYSIS {
    return (keys_max_ > 0 && readers_.size() > keys_max_) || (bytes_max_ > 0 && readers_bytes_ > bytes_max_);
  };
  while (!readers_.empty() && is_too_much()) InvalidateRead(std::string(readers_.begin()->first), 0);
}

void Tracking::ForgetReaders() {
  readers_.clear();
  readers_bytes_ = 0;
}

void Tracking::Tell(Subscriber& client, const Keys* keys) {
  const std::uint64_t redirect = client.tracking.options.redirect;
  if (redirect == 0) {
    if (client.resp_version.load(std::memory_order_relaxed) > 2) Send(client, keys);  // R1
    return;
  }
  const bool is_there = find_(redirect, [&](const Subscriber& target) {
    const bool takes_pushes = target.resp_version.load(std::memory_order_relaxed) > 2;  // R1
    if (takes_pushes || target.has_subscriptions()) Send(target, keys);
  });
  if (is_there) return;
  client.tracking.is_broken.store(true, std::memory_order_relaxed);                           // R1
  if (client.resp_version.load(std::memory_order_relaxed) > 2) SendBroken(client, redirect);  // R1
}

// A writer that does not want to hear of its own writes keeps its place: what it has read within a transaction is
// noted before the writes of the transaction are done.
void Tracking::InvalidateRead(const std::string& key, std::uint64_t writer) {
  const auto found = readers_.find(key);
  if (found == readers_.end()) return;
  bool writer_stays = false;
  const Keys keys = {key};
  for (const std::uint64_t id : found->second) {
    const auto client = tracking_.find(id);
    if (client == tracking_.end() || client->second->tracking.options.is_broadcast) continue;
    if (id == writer && client->second->tracking.options.is_no_loop) {
      writer_stays = true;
    } else {
      Tell(*client->second, &keys);
    }
  }
  readers_bytes_ -= kBytesPerReader * found->second.size();
  if (writer_stays) {
    found->second = {writer};
    readers_bytes_ += kBytesPerReader;
  } else {
    readers_bytes_ -= kBytesPerKey + key.size();
    readers_.erase(found);
  }
}

void Tracking::Invalidate(std::string_view key, std::uint64_t writer) {
  const sync::MutexLock lock(mutex_);
  InvalidateRead(std::string(key), writer);
  // The prefixes of the key, the longest first: the greatest string up to a beginning of the key is one, or shares with
  // it all that a shorter one can have.
  std::string_view beginning = key;
  for (auto next = listeners_.upper_bound(beginning); next != listeners_.begin();) {
    const std::string& prefix = (--next)->first;
    const auto shared = std::mismatch(prefix.begin(), prefix.end(), beginning.begin(), beginning.end()).first;
    const bool is_prefix = shared == prefix.end();
    if (is_prefix) Gather(prefix, key, writer);
    if (prefix.empty()) return;
    beginning = beginning.substr(0, static_cast<std::size_t>(shared - prefix.begin()) - (is_prefix ? 1 : 0));
    next = listeners_.upper_bound(beginning);
  }
}

void Tracking::Gather(const std::string& prefix, std::string_view key, std::uint64_t writer) {
  const auto [at, is_first] = gathered_[prefix].try_emplace(std::string(key), writer);
  if (!is_first && at->second != writer) at->second = 0;
  has_gathered_.store(true, std::memory_order_relaxed);  // R1
}

// A client that does not want to hear of its own writes gets the others.
void Tracking::SendGathered() {
  const sync::MutexLock lock(mutex_);
  has_gathered_.store(false, std::memory_order_relaxed);  // R1
  for (const auto& [prefix, gathered] : std::exchange(gathered_, {})) {
    const auto listeners = listeners_.find(prefix);
    if (listeners == listeners_.end()) continue;
    Keys all;
    for (const auto& [key, writer] : gathered) all.push_back(key);
    for (const std::uint64_t id : listeners->second) {
      Subscriber& client = *tracking_.at(id);
      if (!client.tracking.options.is_no_loop) {
        Tell(client, &all);
        continue;
      }
      Keys of_others;
      for (const auto& [key, writer] : gathered) {
        if (writer != id) of_others.push_back(key);
      }
      if (!of_others.empty()) Tell(client, &of_others);
    }
  }
}

void Tracking::InvalidateAll() {
  const sync::MutexLock lock(mutex_);
  ForgetReaders();
  gathered_.clear();
  for (const auto& [id, client] : tracking_) Tell(*client, nullptr);
}

void Tracking::set_keys_max(std::size_t keys) {
  const sync::MutexLock lock(mutex_);
  keys_max_ = keys;
  GiveUpKeys();
}

void Tracking::set_bytes_max(std::size_t bytes) {
  const sync::MutexLock lock(mutex_);
  bytes_max_ = bytes;
  GiveUpKeys();
}

Tracking::Counts Tracking::counts() const {
  const sync::MutexLock lock(mutex_);
  std::size_t items = 0;
  for (const auto& [key, ids] : readers_) items += ids.size();
  return {.clients = tracking_.size(), .keys = readers_.size(), .items = items, .prefixes = listeners_.size()};
}

}  // namespace kvs::server
