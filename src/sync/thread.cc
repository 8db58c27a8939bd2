#include "sync/thread.h"

#include <system_error>
#include <utility>

#include "base/system_error.h"
#include "sync/schedule.h"

namespace kvs::sync {
namespace {

Result<std::thread> Start(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return base::SystemError("start a thread", error.code().value());
  }
}

}  // namespace

Result<std::thread> StartThread(std::function<void()> body) {
  Schedule* const schedule = Schedule::OfThisThread();
  if (schedule != nullptr) body = schedule->BodyOf(std::move(body));
  Result<std::thread> thread = Start(std::move(body));
  if (schedule != nullptr) schedule->NoteStarted(thread ? thread->get_id() : std::thread::id());
  return thread;
}

void Join(std::thread& thread) {
  if (!thread.joinable()) return;
  if (Schedule* const schedule = Schedule::OfThisThread()) schedule->AwaitEnd(thread.get_id());
  thread.join();
}

}  // namespace kvs::sync
