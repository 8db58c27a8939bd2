#include "kvs/sled_kvs_engine.h"

#include <string>
#include <utility>

#include "adapters/key_interval.h"
#include "adapters/limits.h"
#include "adapters/sled/kvs_sled.h"
#include "base/check.h"
#include "base/try.h"

namespace kvs {
namespace {

using adapters::CheckBatch;
using adapters::KeyInterval;

KvsSledView ToView(std::string_view bytes) {
  return {.data = reinterpret_cast<const std::uint8_t*>(bytes.data()), .size = bytes.size()};
}

// Bytes: bytes that sled returned, freed at the end.
class Bytes {
 public:
  Bytes() = default;
  ~Bytes() { kvs_sled_bytes_free(bytes_); }
  Bytes(const Bytes&) = delete;
  Bytes& operator=(const Bytes&) = delete;

  KvsSledBytes** out() { return &bytes_; }
  std::string_view view() const {
    const KvsSledView view = kvs_sled_bytes_view(bytes_);
    return {reinterpret_cast<const char*>(view.data), view.size};
  }

 private:
  KvsSledBytes* bytes_ = nullptr;
};

ErrorCode ToErrorCode(KvsSledStatus status) {
  switch (status) {
    case kKvsSledIo: return ErrorCode::kIo;
    case kKvsSledInUse: return ErrorCode::kInUse;
    case kKvsSledCorruption:
    case kKvsSledFault: return ErrorCode::kCorruption;
    case kKvsSledOk:
    case kKvsSledAbsent:
    case kKvsSledConflict: break;
  }
  KVS_CHECK(false && "not an error");
}

// Answer: the status of one call of the C interface, and its error if there is one.
//
//   Answer answer;
//   answer.status = kvs_sled_...(..., &answer.error);
struct Answer {
  KvsSledStatus status = kKvsSledOk;
  KvsSledError error{};

  Answer() = default;
  ~Answer() { kvs_sled_bytes_free(error.text); }
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;

  // Ok unless the status is an error: the caller decides about absence and conflict.
  Status Check(const char* operation) const {
    if (status == kKvsSledOk || status == kKvsSledAbsent || status == kKvsSledConflict) return Ok();
    std::string context = std::string("sled ") + operation;
    if (error.text != nullptr) {
      const KvsSledView text = kvs_sled_bytes_view(error.text);
      context.append(": ").append(reinterpret_cast<const char*>(text.data), text.size);
    }
    return Error{.code = ToErrorCode(status), .sys_errno = error.sys_errno, .context = std::move(context)};
  }
};

}  // namespace

class SledKvsEngine::Database {
 public:
  explicit Database(KvsSled* handle) : handle_(handle) {}
  ~Database() { kvs_sled_close(handle_); }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const KvsSled* handle() const { return handle_; }

  // False: no such key.
  Result<bool> Get(std::string_view key, Bytes& value) const {
    Answer answer;
    answer.status = kvs_sled_get(handle_, ToView(key), value.out(), &answer.error);
    KVS_TRY(answer.Check("get"));
    return answer.status == kKvsSledOk;
  }

  // False: the key no longer holds `current`.
  Result<bool> Replace(std::string_view key, const KvsSledView* current, const KvsSledView* next) const {
    Answer answer;
    answer.status = kvs_sled_replace(handle_, ToView(key), current, next, &answer.error);
    KVS_TRY(answer.Check("update"));
    return answer.status == kKvsSledOk;
  }

 private:
  KvsSled* const handle_;
};

Status SledKvsEngine::CheckBuiltIn() { return Ok(); }

Result<std::shared_ptr<SledKvsEngine>> SledKvsEngine::Open(const std::filesystem::path& directory) {
  KvsSled* handle = nullptr;
  Answer answer;
  answer.status = kvs_sled_open(ToView(directory.native()), &handle, &answer.error);
  KVS_TRY(answer.Check("open"));
  return std::shared_ptr<SledKvsEngine>(new SledKvsEngine(std::make_unique<Database>(handle)));
}

SledKvsEngine::SledKvsEngine(std::unique_ptr<Database> database) : database_(std::move(database)) {}
SledKvsEngine::~SledKvsEngine() = default;

Status SledKvsEngine::Set(std::string_view key, std::string_view value) {
  KVS_TRY(CheckPair(key, value));
  Answer answer;
  answer.status = kvs_sled_set(database_->handle(), ToView(key), ToView(value), &answer.error);
  return answer.Check("set");
}

Result<std::optional<std::string>> SledKvsEngine::Get(std::string_view key) {
  std::optional<std::string> value;
  KVS_TRY(Read(key, [&value](std::string_view stored) { value.emplace(stored); }));
  return value;
}

Result<bool> SledKvsEngine::Read(std::string_view key, ValueVisitor visit) {
  KVS_TRY(CheckKey(key));
  Bytes value;
  KVS_TRY_ASSIGN(const bool is_there, database_->Get(key, value));
  if (is_there) visit(value.view());
  return is_there;
}

Status SledKvsEngine::Remove(std::string_view key) {
  KVS_TRY(CheckKey(key));
  Answer answer;
  answer.status = kvs_sled_remove(database_->handle(), ToView(key), &answer.error);
  KVS_TRY(answer.Check("remove"));
  if (answer.status == kKvsSledAbsent) return Error{.code = ErrorCode::kKeyNotFound};
  return Ok();
}

Status SledKvsEngine::Write(const WriteBatch& batch) {
  KVS_TRY(CheckBatch(batch));
  if (batch.empty()) return Ok();
  KvsSledBatch* const writes = kvs_sled_batch_new();
  // sled keeps the later of two operations on one key.
  for (const WriteBatch::Operation& operation : batch.operations()) {
    if (operation.value) {
      kvs_sled_batch_set(writes, ToView(operation.key), ToView(*operation.value));
    } else {
      kvs_sled_batch_remove(writes, ToView(operation.key));
    }
  }
  Answer answer;
  answer.status = kvs_sled_batch_apply(database_->handle(), writes, &answer.error);
  return answer.Check("write batch");
}

Status SledKvsEngine::Update(std::string_view key, UpdateFunction fn) {
  KVS_TRY(CheckKey(key));
  for (bool is_done = false; !is_done;) {
    Bytes stored;
    KVS_TRY_ASSIGN(const bool is_there, database_->Get(key, stored));
    const UpdateDecision decision = fn(is_there ? std::optional(stored.view()) : std::nullopt);
    if (decision.keeps() || (decision.removes() && !is_there)) return Ok();

    const KvsSledView current = is_there ? ToView(stored.view()) : KvsSledView{};
    const KvsSledView next = decision.removes() ? KvsSledView{} : ToView(decision.value());
    if (!decision.removes()) KVS_TRY(CheckValue(decision.value()));
    KVS_TRY_ASSIGN(is_done,
                   database_->Replace(key, is_there ? &current : nullptr, decision.removes() ? nullptr : &next));
  }
  return Ok();
}

Status SledKvsEngine::Scan(const ScanRange& range, ScanVisitor visit) {
  const KeyInterval interval = adapters::IntervalOf(range);
  if (interval.is_empty()) return Ok();

  const KvsSledView to_view = interval.to ? ToView(*interval.to) : KvsSledView{};
  const std::unique_ptr<KvsSledScan, void (*)(KvsSledScan*)> scan(
      kvs_sled_scan_new(database_->handle(), ToView(interval.from), interval.to ? &to_view : nullptr,
                        range.reverse ? 1 : 0),
      kvs_sled_scan_free);
  for (std::size_t visited = 0; visited < range.limit;) {
    Bytes key;
    Answer answer;
    answer.status = kvs_sled_scan_next(scan.get(), key.out(), &answer.error);
    KVS_TRY(answer.Check("scan"));
    if (answer.status == kKvsSledAbsent) break;

    Bytes value;  // Read again, because the scan's value may be older.
    KVS_TRY_ASSIGN(const bool is_there, database_->Get(key.view(), value));
    if (!is_there) continue;
    ++visited;
    if (!visit(key.view(), value.view())) break;
  }
  return Ok();
}

Status SledKvsEngine::Sync() {
  Answer answer;
  answer.status = kvs_sled_sync(database_->handle(), &answer.error);
  return answer.Check("sync");
}

Status SledKvsEngine::Compact() {
  return Error{.code = ErrorCode::kUnsupported, .context = "sled frees space by itself, and not on request"};
}

Result<EngineStats> SledKvsEngine::Stats() {
  EngineStats stats;
  Answer keys;
  keys.status = kvs_sled_count(database_->handle(), &stats.keys, &keys.error);
  KVS_TRY(keys.Check("count"));
  Answer bytes;
  bytes.status = kvs_sled_disk_bytes(database_->handle(), &stats.disk_bytes, &bytes.error);
  KVS_TRY(bytes.Check("size"));
  return stats;
}

}  // namespace kvs
