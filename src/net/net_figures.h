// NetFigures: what the loops count.
//
// Threads     Call anything from any thread.
//
// Fences      R1  the atomics: relaxed. Figures and a limit; nothing is reached through them.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "sync/striped_counters.h"

namespace kvs::server {

class NetFigures {
 public:
  void AddReceived(std::size_t bytes) {
    transfers_.Add(kReceivedBytes, bytes);
    transfers_.Add(kReceives, 1);
  }
  void AddSent(std::size_t bytes) {
    transfers_.Add(kSentBytes, bytes);
    transfers_.Add(kSends, 1);
  }

  void CountClient() { clients_.fetch_add(1, std::memory_order_relaxed); }                 // R1
  void CountRefusedClient() { refused_clients_.fetch_add(1, std::memory_order_relaxed); }  // R1
  void CountDroppedClient() { dropped_clients_.fetch_add(1, std::memory_order_relaxed); }  // R1

  void AddOpenClient() { open_clients_.fetch_add(1, std::memory_order_relaxed); }     // R1
  void RemoveOpenClient() { open_clients_.fetch_sub(1, std::memory_order_relaxed); }  // R1
  // Now, those included that are still to be admitted by their loop.
  std::size_t open_clients() const { return open_clients_.load(std::memory_order_relaxed); }  // R1

  // Since the start, or the last Reset().
  std::uint64_t received_bytes() const { return transfers_.Sum(kReceivedBytes); }
  std::uint64_t receives() const { return transfers_.Sum(kReceives); }
  std::uint64_t sent_bytes() const { return transfers_.Sum(kSentBytes); }
  std::uint64_t sends() const { return transfers_.Sum(kSends); }
  std::uint64_t clients() const { return clients_.load(std::memory_order_relaxed); }                  // R1
  std::uint64_t refused_clients() const { return refused_clients_.load(std::memory_order_relaxed); }  // R1
  std::uint64_t dropped_clients() const { return dropped_clients_.load(std::memory_order_relaxed); }  // R1

  void Reset() {
    transfers_.Reset();
    for (auto* counter : {&clients_, &refused_clients_, &dropped_clients_}) {
      counter->store(0, std::memory_order_relaxed);  // R1
    }
  }

 private:
  enum Transfer : std::uint8_t { kReceivedBytes, kReceives, kSentBytes, kSends, kTransfers };

  sync::StripedCounters<kTransfers> transfers_;
  std::atomic<std::uint64_t> clients_{0};          // R1
  std::atomic<std::uint64_t> refused_clients_{0};  // R1
  std::atomic<std::uint64_t> dropped_clients_{0};  // R1
  std::atomic<std::size_t> open_clients_{0};       // R1
};

}  // namespace kvs::server
