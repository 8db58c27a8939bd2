// CheckKey, CheckPair, RecordBytesMax: what of a key and a value is accepted, and how long their record may be.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/try.h"
#include "kvs/kv_store.h"
#include "kvs/result.h"
#include "log/record.h"

namespace kvs::store {

// kInvalidArgument: `what` has more bytes than the limit.
inline Status CheckBytes(const char* what, std::size_t bytes, std::size_t bytes_max) {
  if (bytes <= bytes_max) [[likely]]
    return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,
               .context = std::string(what) + " has " + std::to_string(bytes) + " bytes, the limit is " +
                          std::to_string(bytes_max)};
}

inline Status CheckKey(std::string_view key) { return CheckBytes("the key", key.size(), kKeyBytesMax); }

inline Status CheckPair(std::string_view key, std::string_view value) {
  KVS_TRY(CheckKey(key));
  return CheckBytes("the value", value.size(), kValueBytesMax);
}

inline std::uint64_t RecordBytesMax(const log::RecordDraft& draft) {
  return log::kRecordHeaderBytesMax + draft.key.size() + draft.value.size();
}

}  // namespace kvs::store
