#include "sync/thread.h"

#include <system_error>
#include <utility>

#include "base/system_error.h"

namespace kvs::sync {

Result<std::thread> StartThread(std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return base::SystemError("start a thread", error.code().value());
  }
}

}  // namespace kvs::sync
