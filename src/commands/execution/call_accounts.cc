#include "commands/execution/call_accounts.h"

#include <utility>

#include "commands/table/command_table.h"
#include "commands/table/secrets.h"
#include "io/socket.h"

namespace kvs::server {

void CallAccounts::Begin(const CommandSpec& spec) {
  if (spec_ != &spec) {
    Flush();
    spec_ = &spec;
  }
  begun_.reset();
  if (is_exact()) [[unlikely]]
    begun_ = Clock::now();
}

void CallAccounts::End(const Caller& caller, std::span<const std::string_view> words, std::size_t calls) {
  if ((observed_ & Observers::kMonitors) != 0) [[unlikely]]
    Show(caller, words);
  calls_ += calls;
  const auto now = base::CoarseNow();
  auto duration = now - std::exchange(last_end_, now);
  if (begun_) [[unlikely]]
    duration = Clock::now() - *begun_;
  if (server_.observation.IsOfNote(duration)) [[unlikely]]
    Note(caller, words, duration);
}

std::string CallAccounts::Fail(const Error& error, Access access) {
  if (access == Access::kWrite) server_.NoteWriteFault(error);
  std::string text = ErrorReply(error, access);
  counts_.CountError(text);
  CountFailed();
  return text;
}

void CallAccounts::CountFailed() { server_.stats.commands.AddFailed(Commands().NumberOf(*spec_), 1); }

void CallAccounts::Reject(const CommandSpec& spec, std::string_view text) {
  server_.stats.commands.AddRejected(Commands().NumberOf(spec));
  counts_.CountError(text);
}

void CallAccounts::Flush() {
  if (calls_ == 0) return;
  const auto now = Clock::now();
  const auto duration = now - std::exchange(since_, now);
  server_.stats.commands.AddCalls(Commands().NumberOf(*spec_), std::exchange(calls_, 0), duration);
}

void CallAccounts::Show(const Caller& caller, std::span<const std::string_view> words) const {
  if (!spec_->has(kAdmin)) server_.observation.monitors.Show(caller.socket, WithoutSecrets(*spec_, words));
}

void CallAccounts::Note(const Caller& caller, std::span<const std::string_view> words, Clock::duration duration) const {
  const std::int64_t microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  server_.observation.latency.Note(spec_->has(kFast) ? "fast-command" : "command", duration);
  if (!server_.observation.slow_log.IsSlow(microseconds) || spec_->has(kSkipSlowlog)) return;
  server_.observation.slow_log.Add(
      {.microseconds = microseconds, .peer = io::PeerText(caller.socket), .client_name = std::string(caller.name)},
      WithoutSecrets(*spec_, words));
}

std::string CountFailedSync(ServerState& server, const Error& error) {
  server.NoteWriteFault(error);
  std::string text = ErrorReply(error, Access::kWrite);
  TurnCounts counts;
  counts.CountError(text);
  server.stats.Add(counts);
  return text;
}

}  // namespace kvs::server
