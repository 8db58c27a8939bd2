#include "apps/backup_client.h"

#include <hiredis/hiredis.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/decimal.h"
#include "base/try.h"

namespace kvs::apps {
namespace {

constexpr const char* kPasswordVariable = "KVS_PASSWORD";
constexpr timeval kTimeout{.tv_sec = 10, .tv_usec = 0};
constexpr auto kPollInterval = std::chrono::milliseconds(200);

class RespConnection {
 public:
  static Result<RespConnection> Connect(const Address& address) {
    RespConnection connection(::redisConnectWithTimeout(address.ip.c_str(), address.port, kTimeout));
    if (connection.context_ == nullptr) {
      return Error{.code = ErrorCode::kNoSpace, .context = "no memory for a connection"};
    }
    if (connection.context_->err != 0) return connection.Failure();
    if (::redisSetTimeout(connection.context_.get(), kTimeout) != REDIS_OK) return connection.Failure();
    return connection;
  }

  // The strings and numbers of the reply, as text. kInvalidArgument: the server answered with an error.
  Result<std::vector<std::string>> Call(std::initializer_list<std::string_view> words) {
    std::vector<const char*> arguments;
    std::vector<std::size_t> sizes;
    for (const std::string_view word : words) {
      arguments.push_back(word.data());
      sizes.push_back(word.size());
    }
    const Reply reply(static_cast<redisReply*>(
        ::redisCommandArgv(context_.get(), static_cast<int>(arguments.size()), arguments.data(), sizes.data())));
    if (reply == nullptr) return Failure();
    if (reply->type == REDIS_REPLY_ERROR) {
      return Error{.code = ErrorCode::kInvalidArgument, .context = std::string(reply->str, reply->len)};
    }
    std::vector<std::string> texts;
    if (reply->type != REDIS_REPLY_ARRAY) texts.push_back(TextOf(*reply));
    for (std::size_t i = 0; i < reply->elements; ++i) texts.push_back(TextOf(*reply->element[i]));
    return texts;
  }

 private:
  struct Free {
    void operator()(redisContext* context) const { ::redisFree(context); }
    void operator()(redisReply* reply) const { ::freeReplyObject(reply); }
  };
  using Reply = std::unique_ptr<redisReply, Free>;

  explicit RespConnection(redisContext* context) : context_(context) {}

  Error Failure() const { return {.code = ErrorCode::kIo, .context = std::string("the server: ") + context_->errstr}; }
  static std::string TextOf(const redisReply& reply) {
    if (reply.type == REDIS_REPLY_INTEGER) return std::to_string(reply.integer);
    return reply.str == nullptr ? "" : std::string(reply.str, reply.len);
  }

  std::unique_ptr<redisContext, Free> context_;
};

// The reply of KVS.BACKUP STATUS, by the names in it.
class BackupStatus {
 public:
  explicit BackupStatus(const std::vector<std::string>& reply) {
    for (std::size_t i = 0; i + 1 < reply.size(); i += 2) values_[reply[i]] = reply[i + 1];
  }
  std::string Text(const std::string& name) const {
    const auto at = values_.find(name);
    return at == values_.end() ? "" : at->second;
  }
  std::uint64_t Number(const std::string& name) const { return std::strtoull(Text(name).c_str(), nullptr, 10); }

  BackupInfo Last() const {
    return {.directory = Text("last_directory"),
            .number = std::strtoull(std::filesystem::path(Text("last_directory")).filename().c_str(), nullptr, 10),
            .sequence = Number("last_sequence"),
            .created_s = static_cast<std::int64_t>(Number("last_created")),
            .files = Number("last_files"),
            .bytes = Number("last_bytes"),
            .root = Text("last_root")};
  }

 private:
  std::map<std::string, std::string> values_;
};

Result<BackupStatus> ReadStatus(RespConnection* server) {
  KVS_TRY_ASSIGN(const auto reply, server->Call({"KVS.BACKUP", "STATUS"}));
  return BackupStatus(reply);
}

}  // namespace

Result<BackupInfo> CreateByServer(const Address& address, const std::filesystem::path& to,
                                  std::uint64_t bytes_per_second,
                                  const std::function<bool(const BackupProgress&)>& progress) {
  KVS_TRY_ASSIGN(RespConnection server, RespConnection::Connect(address));
  if (const char* const password = std::getenv(kPasswordVariable)) KVS_TRY(server.Call({"AUTH", password}));
  KVS_TRY(server.Call({"KVS.BACKUP", "CREATE", to.string(), std::to_string(bytes_per_second)}));
  while (true) {
    KVS_TRY_ASSIGN(const BackupStatus status, ReadStatus(&server));
    const std::string state = status.Text("state");
    if (state == "done") return status.Last();
    if (state != "running") return Error{.code = ErrorCode::kIo, .context = "the server: " + status.Text("error")};
    progress({.done_bytes = status.Number("done_bytes"), .total_bytes = status.Number("total_bytes")});
    std::this_thread::sleep_for(kPollInterval);  // tidy-allow(sleep): the server tells nobody.
  }
}

}  // namespace kvs::apps
