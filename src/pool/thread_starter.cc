#include "pool/thread_starter.h"

#include <string>
#include <system_error>
#include <utility>

#include "base/try.h"

namespace kvs::pool {

Status CheckThreads(unsigned threads) {
  if (threads >= 1 && threads <= kThreadsMax) return Ok();
  return Error{
      .code = ErrorCode::kInvalidArgument,
      .context = "a pool of " + std::to_string(threads) + " threads: it takes 1 to " + std::to_string(kThreadsMax)};
}

Result<std::thread> StartThread(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return Error{.code = ErrorCode::kIo, .sys_errno = error.code().value(), .context = "start a thread"};
  }
}

Status StartThreads(unsigned count, const std::function<void()>& body, std::vector<std::thread>& threads) {
  threads.reserve(threads.size() + count);
  for (unsigned i = 0; i < count; ++i) {
    KVS_TRY_ASSIGN(std::thread thread, StartThread(body));
    threads.push_back(std::move(thread));
  }
  return Ok();
}

}  // namespace kvs::pool
