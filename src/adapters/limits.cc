#include "adapters/limits.h"

#include <cstddef>
#include <string_view>

#include "base/try.h"

namespace kvs::adapters {
namespace {

constexpr std::size_t kBatchOperationBytes = 31;  // Added by engine.h to the key and the value of each operation.

}  // namespace

Status CheckBatch(const WriteBatch& batch) {
  if (batch.has_expiry()) {
    return Error{.code = ErrorCode::kUnsupported, .context = "this engine has no expiry of pairs"};
  }
  std::size_t bytes = 0;
  for (const WriteBatch::Operation& operation : batch.operations()) {
    const std::string_view value = operation.value ? std::string_view(*operation.value) : std::string_view();
    KVS_TRY(CheckPair(operation.key, value));
    bytes += kBatchOperationBytes + operation.key.size() + value.size();
  }
  return CheckBytes("batch", bytes, kBatchBytesMax);
}

}  // namespace kvs::adapters
