#include "pools/clients.h"

#include <cstdio>
#include <utility>

namespace kvs::bench {
namespace {

const std::string kValue(100, 'v');

// All keys have one length, 16 bytes.
std::string Key(std::size_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "key-%012zu", number);
  return text;
}

}  // namespace

Result<std::unique_ptr<Clients>> Clients::Connect(const Address& address) {
  std::vector<KvsClient> connections;
  for (std::size_t i = 0; i < kClients; ++i) {
    auto connection = KvsClient::Connect(address);
    if (!connection) return std::move(connection).error();
    connections.push_back(*std::move(connection));
  }
  return std::unique_ptr<Clients>(new Clients(std::move(connections)));
}

Clients::Clients(std::vector<KvsClient> connections) : connections_(std::move(connections)) {
  for (std::size_t i = 0; i < kClients; ++i) {
    threads_.emplace_back([this, i] { Work(i); });
  }
}

Clients::~Clients() {
  is_over_ = true;
  round_begins_.arrive_and_wait();
  for (std::thread& thread : threads_) thread.join();
}

bool Clients::RunRound(Operation operation) {
  operation_ = operation;
  round_begins_.arrive_and_wait();
  round_ends_.arrive_and_wait();
  return all_answers_right_.load(std::memory_order_relaxed);  // R1
}

void Clients::Work(std::size_t index) {
  constexpr std::size_t kShare = kRequestsPerRound / kClients;
  while (true) {
    round_begins_.arrive_and_wait();
    if (is_over_) return;
    for (std::size_t i = 0; i < kShare; ++i) {
      if (!Request(connections_[index], index * kShare + i)) {
        all_answers_right_.store(false, std::memory_order_relaxed);  // R1
      }
    }
    round_ends_.arrive_and_wait();
  }
}

bool Clients::Request(KvsClient& connection, std::size_t key_number) const {
  const std::string key = Key(key_number);
  if (operation_ == Operation::kWrite) return connection.Set(key, kValue).has_value();
  const auto value = connection.Get(key);
  return value.has_value() && *value == kValue;
}

}  // namespace kvs::bench
