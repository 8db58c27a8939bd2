#include "service/client_registry.h"

#include <algorithm>

#include "io/socket.h"

namespace kvs::server {
namespace {

// As Redis names the figures: buffers, what is in them, and all together. Messages of others count as output.
std::string DescribeMemory(const ClientState& client) {
  const auto figure = [](const std::atomic<std::size_t>& bytes) {
    return bytes.load(std::memory_order_relaxed);
  };  // R1
  const std::size_t query = figure(client.query_bytes);
  const std::size_t room = std::max(query, figure(client.query_room));
  const std::size_t mail = client.outbox->bytes();
  const std::size_t output_room = figure(client.output_room) + mail;
  const std::size_t multi = figure(client.multi_bytes);
  return " qbuf=" + std::to_string(query) + " qbuf-free=" + std::to_string(room - query) +
         " argv-mem=0 multi-mem=" + std::to_string(multi) +
         " rbs=0 rbp=0 obl=" + std::to_string(figure(client.output_bytes)) +
         " oll=" + std::to_string(mail > 0 ? 1 : 0) + " omem=" + std::to_string(output_room) +
         " tot-mem=" + std::to_string(sizeof(ClientState) + room + output_room + multi);
}

}  // namespace

void ClientRegistry::Enter(ClientState* client) {
  const sync::MutexLock lock(mutex_);
  clients_.emplace(client->id, client);
}

void ClientRegistry::Leave(ClientState* client) {
  const sync::MutexLock lock(mutex_);
  clients_.erase(client->id);
}

std::size_t ClientRegistry::size() const {
  const sync::MutexLock lock(mutex_);
  return clients_.size();
}

void ClientRegistry::ForEach(FunctionRef<void(const ClientState& client)> visit) const {
  const sync::MutexLock lock(mutex_);
  for (const auto& [id, client] : clients_) {
    if (!client->is_killed.load(std::memory_order_relaxed)) visit(*client);  // R1
  }
}

bool ClientRegistry::Find(std::uint64_t id, FunctionRef<void(ClientState& client)> visit) const {
  const sync::MutexLock lock(mutex_);
  const auto found = clients_.find(id);
  if (found == clients_.end() || found->second->is_killed.load(std::memory_order_relaxed)) return false;  // R1
  visit(*found->second);
  return true;
}

void ClientRegistry::Change(FunctionRef<void()> change) {
  const sync::MutexLock lock(mutex_);
  change();
}

std::size_t ClientRegistry::Kill(const ClientState& self, FunctionRef<bool(const ClientState& client)> chosen) {
  const sync::MutexLock lock(mutex_);
  std::size_t killed = 0;
  for (const auto& [id, client] : clients_) {
    if (client->is_killed.load(std::memory_order_relaxed) || !chosen(*client)) continue;  // R1
    ++killed;
    if (client == &self) continue;
    client->is_killed.store(true, std::memory_order_relaxed);  // R1
    io::ShutDown(client->socket);  // I1. Its loop finds the end of the stream, and closes it.
  }
  return killed;
}

std::string PeerOf(const ClientState& client) { return io::PeerText(client.socket); }
std::string LocalOf(const ClientState& client) { return io::LocalText(client.socket); }

std::string DescribeClient(const ClientState& client) {
  const auto seconds = [](auto duration) { return std::chrono::duration_cast<std::chrono::seconds>(duration).count(); };
  const std::int64_t age = seconds(ClientState::Clock::now() - client.since);
  const std::int64_t idle = age - client.last_active_s.load(std::memory_order_relaxed);         // R1
  const std::int64_t queued = client.queued_commands.load(std::memory_order_relaxed);           // R1
  const std::string_view* const command = client.last_command.load(std::memory_order_relaxed);  // R1
  const auto subscriptions = [&](Subscription kind) {
    const auto& count = client.subscription_counts[static_cast<std::size_t>(kind)];
    return std::to_string(count.load(std::memory_order_relaxed));  // R1
  };
  std::string flags;
  const auto is_set = [](const std::atomic<bool>& flag) { return flag.load(std::memory_order_relaxed); };  // R1
  const std::int64_t redirect = client.tracking.shown.load(std::memory_order_relaxed);                     // R1
  if (is_set(client.is_monitor)) flags += 'O';
  if (client.has_subscriptions()) flags += 'P';
  if (queued >= 0) flags += 'x';
  if (is_set(client.is_blocked) || is_set(client.is_paused)) flags += 'b';
  if (redirect >= 0) flags += 't';
  if (is_set(client.tracking.is_broken)) flags += 'R';
  if (client.is_exempt_from_eviction.load(std::memory_order_relaxed)) flags += 'e';  // R1
  if (client.is_not_touching.load(std::memory_order_relaxed)) flags += 'T';          // R1
  if (flags.empty()) flags = "N";
  return "id=" + std::to_string(client.id) + " addr=" + PeerOf(client) + " laddr=" + LocalOf(client) +
         " fd=" + std::to_string(client.socket) + " name=" + client.name + " age=" + std::to_string(age) +
         " idle=" + std::to_string(idle < 0 ? 0 : idle) + " flags=" + flags +
         " db=0 sub=" + subscriptions(Subscription::kChannel) + " psub=" + subscriptions(Subscription::kPattern) +
         " ssub=" + subscriptions(Subscription::kShardChannel) + " multi=" + std::to_string(queued) +
         DescribeMemory(client) + " events=r cmd=" + (command == nullptr ? "NULL" : std::string(*command)) +
         " user=default redir=" + std::to_string(redirect) +
         " resp=" + std::to_string(client.resp_version.load(std::memory_order_relaxed)) +  // R1
         " lib-name=" + client.library_name + " lib-ver=" + client.library_version;
}

}  // namespace kvs::server
