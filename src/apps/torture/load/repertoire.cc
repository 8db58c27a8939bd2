#include "apps/torture/load/repertoire.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "apps/torture/load/link.h"

namespace kvs::torture {
namespace {

constexpr std::uint32_t kValueBytesMax = 100'000;
constexpr std::uint32_t kAppendedBytesMax = 2'000;
constexpr std::uint64_t kTogetherMax = 6;  // Keys in one MSET or transaction.

std::uint32_t Below(base::Random& random, std::uint32_t bound) {
  return static_cast<std::uint32_t>(random.Below(bound));
}

// Mostly small, now and then larger than a page, rarely as large as allowed.
std::uint32_t ChooseBytes(base::Random& random) {
  const std::uint64_t dice = random.Below(100);
  if (dice < 60) return Below(random, 200);
  if (dice < 90) return Below(random, 4'000);
  if (dice < 99) return Below(random, 20'000);
  return Below(random, kValueBytesMax);
}

std::int64_t ChooseTtlMs(base::Random& random) {
  const std::uint64_t dice = random.Below(10);
  if (dice == 0) return 1 + static_cast<std::int64_t>(random.Below(50));
  if (dice < 6) return 50 + static_cast<std::int64_t>(random.Below(3'000));
  return dice < 8 ? 10'000 : 3'600'000;
}

std::uint32_t ChooseKey(const Ledger& ledger, base::Random& random, KeyKind kind) {
  while (true) {
    const std::uint32_t key = Below(random, ledger.keys());
    if (ledger.KeyAt(key).kind == kind) return key;
  }
}

Change ChooseSet(Ledger& ledger, base::Random& random, KeyKind kind, std::uint32_t bytes) {
  State state{.generation = ledger.NextGeneration(), .bytes = bytes};
  if (kind == KeyKind::kExpiring) {
    state.ttl_ms = ChooseTtlMs(random);
    state.gone_from_ms = UnixMs() + state.ttl_ms;
    state.gone_by_ms = kForever;
  }
  return {ChooseKey(ledger, random, kind), state};
}

Operation Get(const Ledger& ledger, base::Random& random) {
  return {.command = Command::kGet, .changes = {{Below(random, ledger.keys()), {}}}};
}

Operation Set(Ledger& ledger, base::Random& random, KeyKind kind, std::uint32_t bytes) {
  return {.command = Command::kSet, .changes = {ChooseSet(ledger, random, kind, bytes)}};
}

// Prefers a key that is there.
Operation Remove(const Ledger& ledger, base::Random& random) {
  constexpr int kTries = 8;
  std::uint32_t key = Below(random, ledger.keys());
  for (int i = 0; i < kTries && ledger.acknowledged(key).generation == 0; ++i) key = Below(random, ledger.keys());
  return {.command = Command::kRemove, .changes = {{key, {}}}};
}

// A command whose effect depends on the state before needs to know it: no change of the key may be in flight.
bool IsKnown(const Ledger& ledger, std::uint32_t key) {
  return ledger.IsSettled(key) && ledger.acknowledged(key).generation != kUnknownGeneration;
}

std::optional<Operation> Append(Ledger& ledger, base::Random& random) {
  const std::uint32_t key = ChooseKey(ledger, random, KeyKind::kPlain);
  if (!IsKnown(ledger, key)) return std::nullopt;
  State state = ledger.acknowledged(key);
  if (state.generation == 0) state = {.generation = ledger.NextGeneration()};
  state.bytes += 1 + Below(random, kAppendedBytesMax);
  if (state.bytes > kValueBytesMax) return std::nullopt;
  return Operation{.command = Command::kAppend, .changes = {{key, state}}};
}

std::optional<Operation> Increment(const Ledger& ledger, base::Random& random) {
  const std::uint32_t key = ChooseKey(ledger, random, KeyKind::kCounter);
  if (!IsKnown(ledger, key)) return std::nullopt;
  return Operation{.command = Command::kIncrement,
                   .changes = {{key, {.generation = ledger.acknowledged(key).generation + 1}}}};
}

// Each key once: its state after the whole must follow from the operation.
Operation Together(Ledger& ledger, base::Random& random, Command command) {
  Operation operation{.command = command, .changes = {}};
  for (std::uint64_t left = 2 + random.Below(kTogetherMax - 1); left > 0; --left) {
    Change change = ChooseSet(ledger, random, KeyKind::kPlain, ChooseBytes(random));
    if (command == Command::kTransaction && random.OneIn(3)) change.to = {};
    const auto is_same = [&](const Change& other) { return other.key == change.key; };
    if (std::none_of(operation.changes.begin(), operation.changes.end(), is_same)) operation.changes.push_back(change);
  }
  if (command == Command::kTransaction) operation.replies_left = operation.changes.size() + 2;
  return operation;
}

Operation ChooseMixed(Ledger& ledger, base::Random& random) {
  const std::uint64_t dice = random.Below(100);
  std::optional<Operation> operation;
  if (dice < 10) operation = Append(ledger, random);
  if (dice >= 10 && dice < 18) operation = Increment(ledger, random);
  if (operation) return *std::move(operation);
  if (dice < 26) return Remove(ledger, random);
  if (dice < 36) return Set(ledger, random, KeyKind::kExpiring, ChooseBytes(random));
  if (dice < 43) return Together(ledger, random, Command::kSetMany);
  if (dice < 50) return Together(ledger, random, Command::kTransaction);
  if (dice < 70) return Set(ledger, random, KeyKind::kPlain, ChooseBytes(random));
  return Get(ledger, random);
}

void AppendChange(const Ledger& ledger, const Change& change, std::string& request) {
  const Key key = ledger.KeyAt(change.key);
  if (change.to.generation == 0) return AppendCommand(request, {"DEL", key.name});
  const std::string value = ValueOf(key, change.to);
  if (change.to.ttl_ms == 0) return AppendCommand(request, {"SET", key.name, value});
  AppendCommand(request, {"SET", key.name, value, "PX", std::to_string(change.to.ttl_ms)});
}

void AppendSetMany(const Ledger& ledger, const Operation& operation, std::string& request) {
  std::vector<std::string> texts;
  for (const Change& change : operation.changes) {
    const Key key = ledger.KeyAt(change.key);
    texts.push_back(key.name);
    texts.push_back(ValueOf(key, change.to));
  }
  std::vector<std::string_view> words = {"MSET"};
  words.insert(words.end(), texts.begin(), texts.end());
  AppendCommand(request, words);
}

void AppendAppend(const Ledger& ledger, const Change& change, std::string& request) {
  const State& before = ledger.acknowledged(change.key);
  const std::uint32_t begin = before.generation == change.to.generation ? before.bytes : 0;
  const Key key = ledger.KeyAt(change.key);
  AppendCommand(request, {"APPEND", key.name, ValueFrom(key, change.to, begin)});
}

bool IsExpectedRemoval(const Ledger& ledger, std::uint32_t key, std::string_view reply, const Window& window) {
  const State& state = ledger.acknowledged(key);
  if (state.generation == kUnknownGeneration) return true;
  const Key name = ledger.KeyAt(key);
  if (reply == ":0\r\n") return Fits(name, state, std::nullopt, window);
  return reply == ":1\r\n" && Fits(name, state, ValueOf(name, state), window);
}

std::optional<Violation> CheckGet(const Ledger& ledger, std::uint32_t key, std::string_view reply,
                                  const Window& window) {
  const Key name = ledger.KeyAt(key);
  if (!reply.starts_with('$')) {
    return Violation{"a read was refused", name.name, DescribeState(ledger.acknowledged(key)), std::string(reply)};
  }
  if (Fits(name, ledger.acknowledged(key), TextOf(reply), window)) return std::nullopt;
  return Violation{"a wrong value", name.name, DescribeState(ledger.acknowledged(key)),
                   DescribeFound(name, TextOf(reply))};
}

}  // namespace

Operation ChooseOperation(Ledger& ledger, base::Random& random, Mode mode) {
  if (mode == Mode::kMixed) return ChooseMixed(ledger, random);
  if (random.OneIn(5)) return Get(ledger, random);
  if (mode == Mode::kShrink) return Remove(ledger, random);
  return Set(ledger, random, KeyKind::kPlain, Below(random, kValueBytesMax));
}

void AppendRequest(const Ledger& ledger, const Operation& operation, std::string& request) {
  const Change& first = operation.changes.front();
  switch (operation.command) {
    case Command::kGet: return AppendCommand(request, {"GET", ledger.KeyAt(first.key).name});
    case Command::kSet:
    case Command::kRemove: return AppendChange(ledger, first, request);
    case Command::kAppend: return AppendAppend(ledger, first, request);
    case Command::kIncrement: return AppendCommand(request, {"INCR", ledger.KeyAt(first.key).name});
    case Command::kSetMany: return AppendSetMany(ledger, operation, request);
    case Command::kTransaction:
      AppendCommand(request, {"MULTI"});
      for (const Change& change : operation.changes) AppendChange(ledger, change, request);
      AppendCommand(request, {"EXEC"});
  }
}

std::optional<std::string_view> RefusalIn(std::string_view reply) {
  if (reply.starts_with('-')) return reply;
  const std::size_t error = reply.find("\r\n-");
  const bool is_half_done = reply.find("+OK\r\n") != std::string_view::npos;  // CheckReply() complains.
  if (!reply.starts_with('*') || error == std::string_view::npos || is_half_done) return std::nullopt;
  return reply.substr(error + 2);
}

std::optional<Violation> CheckReply(const Ledger& ledger, const Operation& operation, std::string_view reply) {
  const Change& first = operation.changes.front();
  const Window window{operation.sent_ms, UnixMs()};
  std::string expected = "+OK\r\n";
  switch (operation.command) {
    case Command::kGet: return CheckGet(ledger, first.key, reply, window);
    case Command::kRemove:
      if (IsExpectedRemoval(ledger, first.key, reply, window)) return std::nullopt;
      expected = DescribeState(ledger.acknowledged(first.key));
      break;
    case Command::kAppend: expected = ":" + std::to_string(first.to.bytes) + "\r\n"; break;
    case Command::kIncrement: expected = ":" + std::to_string(first.to.generation) + "\r\n"; break;
    case Command::kTransaction:
      if (reply.starts_with('*') && reply.find("\r\n-") == std::string_view::npos) return std::nullopt;
      expected = "the results of " + std::to_string(operation.changes.size()) + " commands";
      break;
    case Command::kSet:
    case Command::kSetMany: break;
  }
  if (reply == expected) return std::nullopt;
  return Violation{"a wrong answer", ledger.KeyAt(first.key).name, expected, std::string(reply.substr(0, 200))};
}

}  // namespace kvs::torture
