// Clients: threads with a connection each, which together send one round of requests and check every answer.
//
// Threads     RunRound() from one thread at a time; it returns when all answers are there.
// Ownership   The server must outlive the clients.
#pragma once

#include <kvs/kvs.h>

#include <atomic>
#include <barrier>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace kvs::bench {

inline constexpr std::size_t kRequestsPerRound = 1'000;
inline constexpr std::size_t kClients = 8;  // The same for every server, so that only the server differs.
static_assert(kRequestsPerRound % kClients == 0);

enum class Operation { kWrite, kRead };

class Clients {
 public:
  static Result<std::unique_ptr<Clients>> Connect(const Address& address);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  // Sets or gets each of the kRequestsPerRound keys once. False: an answer was wrong.
  bool RunRound(Operation operation);

 private:
  explicit Clients(std::vector<KvsClient> connections);
  void Work(std::size_t index);
  bool Request(KvsClient& connection, std::size_t key_number) const;

  std::vector<KvsClient> connections_;  // One for each thread, touched by it alone.

  // Written between rounds, read within: the barriers order the two.
  Operation operation_ = Operation::kWrite;
  bool is_over_ = false;

  std::atomic<bool> all_answers_right_ = true;  // R1: relaxed; read after the barrier round_ends_.
  std::barrier<> round_begins_{kClients + 1};
  std::barrier<> round_ends_{kClients + 1};
  std::vector<std::thread> threads_;  // Last: they use all of the above.
};

}  // namespace kvs::bench
