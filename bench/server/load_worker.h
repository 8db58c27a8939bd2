// LoadWorker: one thread, one epoll instance, and its share of the connections of a load.
//
// Design      Closed loop: each connection sends `pipeline` requests together, waits for all answers, sends the next.
//             Open loop: requests are due at random moments of a given mean rate, independent of the server. They are
//             sent when due, also while earlier ones are unanswered, and their latency counts from that moment. So the
//             figures of a server that stalls include all requests that came due during the stall.
// Threads     Run() on a thread of its own; Stop() and answered() from any.
// Fences      R1  answered_, stops_: relaxed. Figures and a hint; the histogram is read after the thread was joined.
// Errors      A wrong answer, a closed connection or a backlog without end ends the program with a message.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "engine/histogram.h"
#include "io/unique_fd.h"
#include "kvs/address.h"
#include "wire.h"

namespace kvs::bench {

// Nanoseconds of a clock that never goes back.
std::int64_t NowNs();

struct LoadPlan {
  Address address{};
  std::size_t connections = 50;
  std::size_t pipeline = 1;
  std::uint64_t keys = 1'000'000;
  unsigned set_percent = 0;                 // The others are gets.
  std::optional<double> rate{};             // Requests a second: an open loop.
  std::optional<std::uint64_t> requests{};  // End after so many.
  std::optional<std::uint64_t> in_turn{};   // Not random pairs but each once, beginning with this one.
  std::uint64_t seed = 1;
};

class LoadWorker {
 public:
  static constexpr std::size_t kBacklogMax = 1'000'000;  // Requests of an open loop that wait for their answers.

  // Connects.
  LoadWorker(const LoadPlan& plan, const Wire& wire);

  // Until Stop() or the last request of the plan; then until the last answer.
  void Run();
  void Stop() { stops_.store(true, std::memory_order_relaxed); }                        // R1
  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }  // R1

  // Latencies of requests that were sent, or due, in this window. Set before Run().
  void RecordBetween(std::int64_t begin_ns, std::int64_t end_ns);
  const Histogram& latencies() const { return latencies_; }  // After Run().

 private:
  struct Connection {
    io::UniqueFd socket{};
    std::deque<Request> unanswered{};
    std::vector<Request> unsent{};  // Not encoded yet.
    std::string output{};           // Encoded, from sent_bytes on not sent yet.
    std::size_t sent_bytes = 0;
    std::string input{};       // The beginning of an answer.
    bool awaits_room = false;  // The kernel took not all of the output.
  };

  bool is_stopping() const { return stops_.load(std::memory_order_relaxed); }  // R1
  bool has_more_to_send() const;
  Request NextRequest(std::int64_t start_ns);
  void SendBatch(Connection& connection);
  void SendDue();
  std::int64_t NextGapNs();
  void Dispatch(const epoll_event& event);
  void ReadAnswers(Connection& connection);
  std::size_t TakeAnswers(Connection& connection, std::string_view input);
  void Encode(Connection& connection);
  void Flush(Connection& connection);
  void AwaitRoom(Connection& connection, bool awaits);
  int Wait(std::array<epoll_event, 64>& events);

  // Constant after construction.
  const LoadPlan plan_;
  const Wire& wire_;
  io::UniqueFd epoll_;

  // Of the thread that runs.
  std::vector<Connection> connections_;
  std::vector<char> receive_buffer_;
  base::Random random_;
  std::uint64_t requests_made_ = 0;
  std::uint64_t in_flight_ = 0;
  std::int64_t next_due_ns_ = 0;
  std::size_t next_connection_ = 0;
  std::int64_t record_begin_ns_ = 0;
  std::int64_t record_end_ns_ = 0;
  Histogram latencies_;

  // Atomics.
  std::atomic<std::uint64_t> answered_ = 0;
  std::atomic<bool> stops_ = false;
};

}  // namespace kvs::bench
