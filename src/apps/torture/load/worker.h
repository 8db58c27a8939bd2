// Worker: a thread with one connection, which loads the server with commands on keys of its own and checks each answer.
//
// Design      Connect() sends it to a server; it audits its keys, then loads until the connection ends. It keeps its
//             ledger while it waits for the next server.
// Threads     Call anything from any thread.
// Fences      R1  the flags and figures: relaxed. Nothing is reached through them.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <thread>

#include "apps/torture/load/audit.h"
#include "apps/torture/load/ledger.h"
#include "apps/torture/load/link.h"
#include "apps/torture/load/repertoire.h"
#include "apps/torture/load/report.h"
#include "base/random.h"
#include "kvs/address.h"
#include "sync/mutex.h"

namespace kvs::torture {

// The orders for the workers, and the permitted behaviour of the server. R1.
struct Conditions {
  std::atomic<Mode> mode{Mode::kMixed};
  std::atomic<bool> writes_may_fail{false};    // Something is short: a write may be refused, with a clear error.
  std::atomic<bool> removals_may_fail{false};  // So may a removal.
};

class Worker {
 public:
  Worker(int number, std::uint32_t keys, std::uint64_t seed, const Conditions& conditions, Report& report);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  // While it is down: goes to the server at `address`, at which the operations in flight follow `rule`.
  void Connect(const Address& address, Rule rule) KVS_EXCLUDES(mutex_);
  void Disconnect() { gives_up_.store(true, std::memory_order_relaxed); }  // R1
  bool IsDown() const KVS_EXCLUDES(mutex_);
  bool IsLoading() const KVS_EXCLUDES(mutex_);

  // How often it has sent some commands of which a write succeeded and none failed.
  std::uint64_t clean_turns() const { return clean_turns_.load(std::memory_order_relaxed); }  // R1

  Ledger Snapshot() const KVS_EXCLUDES(mutex_);
  void Forget() KVS_EXCLUDES(mutex_);  // While it is down: the next server has nothing.

 private:
  enum class Phase : std::uint8_t { kDown, kAuditing, kLoading };
  struct Target {
    Address address;
    Rule rule;
  };
  struct Turn {
    std::uint64_t writes = 0;
    std::uint64_t refusals = 0;
  };

  void Run();
  std::optional<Target> AwaitTarget() KVS_EXCLUDES(mutex_);  // nullopt: it is to end.
  void Serve(const Target& target) KVS_EXCLUDES(mutex_);
  bool Settle(Link& link, Rule rule) KVS_EXCLUDES(mutex_);
  bool TakeTurn(Link& link) KVS_EXCLUDES(mutex_);  // False: the connection has ended.
  std::size_t ChooseTurn(std::string* request) KVS_EXCLUDES(mutex_);
  void TakeReply(std::string_view reply, Turn* turn) KVS_EXCLUDES(mutex_);
  void TakeRefusal(std::string_view reply) KVS_REQUIRES(mutex_);
  bool MayRefuse(const Operation& operation) const;

  // Constant after construction.
  const Conditions& conditions_;
  Report& report_;

  std::atomic<bool> gives_up_{false};
  std::atomic<std::uint64_t> clean_turns_{0};
  base::Random random_;  // Of the thread.

  mutable sync::Mutex mutex_;
  sync::ConditionVariable has_changed_;
  Ledger ledger_ KVS_GUARDED_BY(mutex_);
  Phase phase_ KVS_GUARDED_BY(mutex_) = Phase::kDown;
  std::optional<Target> target_ KVS_GUARDED_BY(mutex_);
  bool ends_ KVS_GUARDED_BY(mutex_) = false;

  std::thread thread_;
};

}  // namespace kvs::torture
