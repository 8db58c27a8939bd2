// MultiWriteClock: tells a reader of several keys whether a write of several keys happened meanwhile.
//
// Design      A writer of several keys, which passes the gate with others, counts when it begins and when it has
//             ended. A reader looks before and after: if nobody was writing before, and nobody has begun since, it has
//             seen all of each such write or nothing of it. Otherwise it reads again.
// Threads     Call anything from any thread.
//
// Fences      P1  begun_:  the addition comes before the write's first change, which the engine publishes by a release.
//                          A reader that has seen a change reads begun_ afterwards, and finds the addition.
//             P2  ended_:  release addition after the write -> acquire load before the reads, which see all of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

namespace kvs::server {

class MultiWriteClock {
 public:
  class Writing {
   public:
    explicit Writing(MultiWriteClock& clock) : clock_(clock) {
      clock_.begun_.fetch_add(1, std::memory_order_acq_rel);  // P1
    }
    ~Writing() { clock_.ended_.fetch_add(1, std::memory_order_release); }  // P2
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

   private:
    MultiWriteClock& clock_;
  };

  // Before the reads; nullopt: a write is under way.
  std::optional<std::uint64_t> Begin() const {
    const std::uint64_t ended = ended_.load(std::memory_order_acquire);  // P2
    const std::uint64_t begun = begun_.load(std::memory_order_acquire);  // P1
    if (begun != ended) return std::nullopt;
    return begun;
  }
  // After the reads.
  bool IsUndisturbed(std::uint64_t begin) const {
    return begun_.load(std::memory_order_acquire) == begin;  // P1
  }

 private:
  alignas(64) std::atomic<std::uint64_t> begun_{0};  // P1
  alignas(64) std::atomic<std::uint64_t> ended_{0};  // P2
};

}  // namespace kvs::server
