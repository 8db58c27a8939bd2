#include "pool/thread_starter.h"

#include <string>
#include <utility>

#include "base/try.h"
#include "sync/thread.h"

namespace kvs::pool {

Status CheckThreads(unsigned threads) {
  if (threads >= 1 && threads <= kThreadsMax) return Ok();
  return Error{
      .code = ErrorCode::kInvalidArgument,
      .context = "a pool of " + std::to_string(threads) + " threads: it takes 1 to " + std::to_string(kThreadsMax)};
}

Status StartThreads(unsigned count, const std::function<void()>& body, std::vector<std::thread>& threads) {
  threads.reserve(threads.size() + count);
  for (unsigned i = 0; i < count; ++i) {
    KVS_TRY_ASSIGN(std::thread thread, sync::StartThread(body));
    threads.push_back(std::move(thread));
  }
  return Ok();
}

}  // namespace kvs::pool
