#include "base/system_error.h"

#include <utility>

namespace kvs::base {
namespace {

ErrorCode CodeOf(int sys_errno) {
  switch (sys_errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EAGAIN: return ErrorCode::kNoSpace;
    default: return ErrorCode::kIo;
  }
}

}  // namespace

Error SystemError(std::string call, int sys_errno) {
  return Error{.code = CodeOf(sys_errno), .sys_errno = sys_errno, .context = std::move(call)};
}

Error SystemError(std::string_view call, const std::filesystem::path& path, int sys_errno) {
  return SystemError(std::string(call) + " " + path.string(), sys_errno);
}

}  // namespace kvs::base
