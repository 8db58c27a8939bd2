// Promised: the replies of Redis 7.0.15, byte for byte. record.py has recorded the sessions of data/redis-7.0.15.txt
// from a real redis-server, and explains them. Each session is a test of its own, against a server on a KvStore.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>
#include <vector>

#include "kvs/kv_store.h"
#include "support/resp_client.h"
#include "support/running_server.h"
#include "support/temporary_directory.h"

namespace kvs::test {
namespace {

struct Session {
  std::string name;
  std::vector<std::string> lines{};
};

void PrintTo(const Session& session, std::ostream* out) { *out << session.name; }

std::vector<Session> ReadSessions() {
  std::vector<Session> sessions;
  std::ifstream file(KVS_SESSIONS);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("== ")) sessions.push_back({.name = line.substr(3)});
    if (!sessions.empty() && (line.starts_with(">") || line.starts_with("<"))) sessions.back().lines.push_back(line);
  }
  return sessions;
}

int HexValue(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

std::string Unescape(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n': bytes += '\n'; break;
      case 'r': bytes += '\r'; break;
      case 't': bytes += '\t'; break;
      case 'x':
        bytes += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
        i += 2;
        break;
      default: bytes += text[i];
    }
  }
  return bytes;
}

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  while (!line.empty()) {
    if (line.front() == ' ') {
      line.remove_prefix(1);
      continue;
    }
    const bool is_quoted = line.front() == '"';
    std::size_t end = is_quoted ? 1 : std::min(line.find(' '), line.size());
    while (is_quoted && line[end] != '"') end += line[end] == '\\' ? 2 : 1;
    words.push_back(is_quoted ? Unescape(line.substr(1, end - 1)) : std::string(line.substr(0, end)));
    line.remove_prefix(is_quoted ? end + 1 : end);
  }
  return words;
}

class SessionTest : public testing::TestWithParam<Session> {};
std::string SessionName(const testing::TestParamInfo<Session>& session) {
  std::string name = session.param.name;
  const auto is_other = [](unsigned char c) { return std::isalnum(c) == 0; };
  std::replace_if(name.begin(), name.end(), is_other, '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Redis, SessionTest, testing::ValuesIn(ReadSessions()), SessionName);

TEST_P(SessionTest, RepliesAreThoseOfRedis) {
  const TemporaryDirectory directory;
  const std::shared_ptr<KvStore> store = *KvStore::Open(directory.path());
  const RunningServer server(store, {.threads = 2});
  RespClient client(server.address());
  const std::vector<std::string>& lines = GetParam().lines;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    SCOPED_TRACE(lines[i]);
    if (lines[i].starts_with(">> ")) {
      client.TrySend(Unescape(lines[i].substr(3)));
    } else if (lines[i].starts_with("> ")) {
      client.TrySend(RespCommand(Words(lines[i].substr(2))));
    } else if (lines[i] == "<any") {
      EXPECT_FALSE(client.Receive().empty());
    } else if (lines[i].starts_with("<end")) {
      EXPECT_EQ(client.ReceiveToTheEnd(), Unescape(lines[i].substr(5)));
    } else if (lines[i].starts_with("< ")) {
      ASSERT_EQ(client.Receive(), Unescape(lines[i].substr(2))) << lines[i - 1];
    }
  }
}

}  // namespace
}  // namespace kvs::test
