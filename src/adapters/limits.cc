#include "adapters/limits.h"

#include <cstddef>
#include <string>

#include "base/try.h"

namespace kvs::adapters {
namespace {

constexpr std::size_t kBatchOperationBytes = 31;  // Added by engine.h to the key and the value of each operation.

Error LimitBroken(const char* what, std::size_t bytes, std::size_t bytes_max) {
  return {.code = ErrorCode::kInvalidArgument,
          .context =
              std::string(what) + " of " + std::to_string(bytes) + " bytes: the limit is " + std::to_string(bytes_max)};
}

}  // namespace

Status CheckKey(std::string_view key) {
  if (key.size() > kKeyBytesMax) return LimitBroken("a key", key.size(), kKeyBytesMax);
  return Ok();
}

Status CheckValue(std::string_view value) {
  if (value.size() > kValueBytesMax) return LimitBroken("a value", value.size(), kValueBytesMax);
  return Ok();
}

Status CheckBatch(const WriteBatch& batch) {
  if (batch.has_expiry()) {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine has no expiry of pairs"};
  }
  std::size_t bytes = 0;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    KVS_TRY(CheckKey(operation.key));
    if (operation.value) KVS_TRY(CheckValue(*operation.value));
    bytes += kBatchOperationBytes + operation.key.size() + (operation.value ? operation.value->size() : 0);
  }
  if (bytes > kBatchBytesMax) return LimitBroken("a batch", bytes, kBatchBytesMax);
  return Ok();
}

}  // namespace kvs::adapters
