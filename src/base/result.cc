#include "kvs/result.h"

#include <system_error>

namespace kvs {

std::string_view ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kKeyNotFound: return "key not found";
    case ErrorCode::kInvalidArgument: return "invalid argument";
    case ErrorCode::kCorruption: return "corruption";
    case ErrorCode::kIo: return "input/output error";
    case ErrorCode::kPoisoned: return "poisoned";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kInUse: return "in use";
    case ErrorCode::kWrongEngine: return "wrong engine";
    case ErrorCode::kNoSpace: return "no space";
    case ErrorCode::kProtocol: return "protocol error";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kOverloaded: return "overloaded";
    case ErrorCode::kCancelled: return "cancelled";
  }
  return "unknown error";
}

std::string Error::ToString() const {
  std::string text(ErrorCodeName(code));
  if (!context.empty()) text += ": " + context;
  if (sys_errno != 0) text += ": " + std::generic_category().message(sys_errno);
  return text;
}

}  // namespace kvs
