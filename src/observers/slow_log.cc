#include "observers/slow_log.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace kvs::server {
namespace {

std::string Shortened(std::string_view argument) {
  if (argument.size() <= SlowLog::kArgumentBytesMax) return std::string(argument);
  return std::string(argument.substr(0, SlowLog::kArgumentBytesMax)) + "... (" +
         std::to_string(argument.size() - SlowLog::kArgumentBytesMax) + " more bytes)";
}

std::vector<std::string> Shortened(std::span<const std::string_view> arguments) {
  std::vector<std::string> kept;
  const std::size_t whole = arguments.size() <= SlowLog::kArgumentsMax ? arguments.size() : SlowLog::kArgumentsMax - 1;
  for (const std::string_view argument : arguments.first(whole)) kept.push_back(Shortened(argument));
  if (whole < arguments.size()) {
    kept.push_back("... (" + std::to_string(arguments.size() - whole) + " more arguments)");
  }
  return kept;
}

}  // namespace

void SlowLog::Configure(std::int64_t slower_than_us, std::size_t length_max) {
  slower_than_us_.store(slower_than_us, std::memory_order_relaxed);  // R1
  const sync::MutexLock lock(mutex_);
  length_max_ = length_max;
}

void SlowLog::Add(Command command, std::span<const std::string_view> arguments) {
  command.arguments = Shortened(arguments);
  command.client_name = Shortened(command.client_name);
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  command.time_s = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
  const sync::MutexLock lock(mutex_);
  command.id = next_id_++;
  commands_.push_front(std::move(command));
  while (commands_.size() > length_max_) commands_.pop_back();
}

std::vector<SlowLog::Command> SlowLog::Newest(std::size_t count) const {
  const sync::MutexLock lock(mutex_);
  const auto shown = static_cast<std::ptrdiff_t>(std::min(count, commands_.size()));
  return {commands_.begin(), commands_.begin() + shown};
}

std::size_t SlowLog::size() const {
  const sync::MutexLock lock(mutex_);
  return commands_.size();
}

void SlowLog::Reset() {
  const sync::MutexLock lock(mutex_);
  commands_.clear();
}

}  // namespace kvs::server
