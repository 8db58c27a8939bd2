// CallAccounts: the accounts of commands, whichever way they run: calls, times, failures and rejections, the slow log,
// the latency monitor, and the clients that are shown every command.
//
//   accounts.Begin(spec);
//   if (!done) accounts.Fail(error, Access::kWrite);
//   accounts.End({.socket = socket}, words);
//
// Design      Single commands, runs of GETs and SETs, the commands of a transaction and native requests all use it. The
//             clock is read once for all calls of the same command in a row, and by the kernel's ticks after each. A
//             transaction's calls are timed exactly, and all calls while Observers::kTiming is set.
// Threads     One thread at a time, under a pass of the server's gate. Lives for one turn of a connection.
// Ownership   The server and the counts outlive it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/coarse_clock.h"
#include "commands/table/command.h"

namespace kvs::server {

struct Caller {
  int socket;
  std::string_view name{};
};

class CallAccounts {
 public:
  using Clock = std::chrono::steady_clock;

  // By the kernel's ticks, which are milliseconds apart, unless Observers::kTiming is set; or always exactly.
  enum class Timing : std::uint8_t { kByTicks, kExact };

  CallAccounts(ServerState& server, TurnCounts& counts, Timing timing = Timing::kByTicks)
      : server_(server), counts_(counts), timing_(timing), observed_(server.observation.observers.bits()) {}
  ~CallAccounts() { Flush(); }
  CallAccounts(const CallAccounts&) = delete;
  CallAccounts& operator=(const CallAccounts&) = delete;

  // The bits of Observers as the turn has seen them, and as they are now: after an exclusive pass, or a pause.
  std::uint32_t observed() const { return observed_; }
  void LookAgain() { observed_ = server_.observation.observers.bits(); }

  // Before one call of `spec`, or before several that are performed together.
  void Begin(const CommandSpec& spec);
  // After `calls` of them. words: in, the first call with its name.
  void End(const Caller& caller, std::span<const std::string_view> words, std::size_t calls = 1);
  // Since the last End(), by the kernel's ticks.
  Clock::time_point last_end() const { return last_end_; }

  // The call that was begun has failed: by an error of the engine, whose reply in RESP is returned, or with a reply
  // that is counted already.
  std::string Fail(const Error& error, Access access);
  void CountFailed();
  // A call that is not begun. text: in, the reply without its '-'.
  void Reject(const CommandSpec& spec, std::string_view text);

 private:
  bool is_exact() const { return timing_ == Timing::kExact || (observed_ & Observers::kTiming) != 0; }
  void Flush();
  void Show(const Caller& caller, std::span<const std::string_view> words) const;
  void Note(const Caller& caller, std::span<const std::string_view> words, Clock::duration duration) const;

  ServerState& server_;
  TurnCounts& counts_;
  const Timing timing_;
  std::uint32_t observed_;
  Clock::time_point last_end_ = base::CoarseNow();

  // Calls of one command in a row, and since when.
  const CommandSpec* spec_ = nullptr;
  std::uint64_t calls_ = 0;
  Clock::time_point since_ = Clock::now();
  std::optional<Clock::time_point> begun_;  // When the call began, if it is timed exactly.
};

// Counts a sync before replies that has failed, as one error. Returns the reply in RESP.
std::string CountFailedSync(ServerState& server, const Error& error);

}  // namespace kvs::server
