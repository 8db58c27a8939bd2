#include "service/server_log.h"

namespace kvs::server {

void ServerLog::Write(const std::string& line) {
  if (!sink_) return;
  const sync::MutexLock lock(mutex_);
  sink_(line);
}

void ServerLog::Note(Kind kind, std::string_view line, Clock::time_point now) {
  if (!sink_) return;
  const sync::MutexLock lock(mutex_);
  Noted& noted = noted_[static_cast<std::size_t>(kind)];
  if (now < noted.quiet_until) {
    ++noted.left_out;
    return;
  }
  noted.quiet_until = now + kQuietTime;
  const std::uint64_t left_out = std::exchange(noted.left_out, 0);
  sink_(left_out == 0 ? std::string(line)
                      : std::string(line) + " (and " + std::to_string(left_out) + " more since the last such line)");
}

}  // namespace kvs::server
