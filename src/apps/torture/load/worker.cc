#include "apps/torture/load/worker.h"

#include <array>
#include <string>
#include <utility>

namespace kvs::torture {
namespace {

constexpr std::uint64_t kTogetherMax = 32;  // Operations that are sent before an answer is awaited.

// Whether a person that reads it knows which resource is short.
bool IsClear(std::string_view refusal) {
  constexpr std::array<std::string_view, 6> kWords = {"no space",  "No space",           "quota",
                                                      "too large", "oo many open files", "annot allocate memory"};
  for (const std::string_view word : kWords) {
    if (refusal.find(word) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

Worker::Worker(int number, std::uint32_t keys, std::uint64_t seed, const Conditions& conditions, Report& report)
    : conditions_(conditions), report_(report), random_(seed), ledger_(number, keys), thread_([this] { Run(); }) {}

Worker::~Worker() {
  Disconnect();
  {
    const sync::MutexLock lock(mutex_);
    ends_ = true;
  }
  has_changed_.NotifyAll();
  thread_.join();
}

void Worker::Connect(const Address& address, Rule rule) {
  const sync::MutexLock lock(mutex_);
  gives_up_.store(false, std::memory_order_relaxed);  // R1
  target_ = {address, rule};
  phase_ = Phase::kAuditing;
  has_changed_.NotifyAll();
}

bool Worker::IsDown() const {
  const sync::MutexLock lock(mutex_);
  return phase_ == Phase::kDown;
}

bool Worker::IsLoading() const {
  const sync::MutexLock lock(mutex_);
  return phase_ == Phase::kLoading;
}

Ledger Worker::Snapshot() const {
  const sync::MutexLock lock(mutex_);
  return ledger_;
}

void Worker::Forget() {
  const sync::MutexLock lock(mutex_);
  ledger_.Clear();
}

void Worker::Run() {
  while (const auto target = AwaitTarget()) {
    Serve(*target);
    const sync::MutexLock lock(mutex_);
    phase_ = Phase::kDown;
  }
}

std::optional<Worker::Target> Worker::AwaitTarget() {
  const sync::MutexLock lock(mutex_);
  while (!ends_ && !target_) has_changed_.Wait(mutex_);
  if (ends_) return std::nullopt;
  return std::exchange(target_, std::nullopt);
}

void Worker::Serve(const Target& target) {
  auto link = Link::Connect(target.address);
  if (!link || !Settle(*link, target.rule)) return;
  while (TakeTurn(*link)) continue;
}

bool Worker::Settle(Link& link, Rule rule) {
  const Ledger before = Snapshot();
  auto found = Audit(link, before, rule, gives_up_, report_);
  if (!found) return false;
  const sync::MutexLock lock(mutex_);
  ledger_.Adopt(*std::move(found));
  phase_ = Phase::kLoading;
  return true;
}

bool Worker::TakeTurn(Link& link) {
  std::string request;
  const std::size_t replies = ChooseTurn(&request);
  Turn turn;
  const auto outcome = link.Exchange(
      request, replies, [&](std::string_view reply) { TakeReply(reply, &turn); }, gives_up_);
  if (outcome == Link::Outcome::kHung) report_.Blame({"the server hung", Snapshot().prefix(), "an answer", "none"});
  if (outcome != Link::Outcome::kAnswered) return false;
  if (turn.writes > 0 && turn.refusals == 0) clean_turns_.fetch_add(1, std::memory_order_relaxed);  // R1
  return !gives_up_.load(std::memory_order_relaxed);                                                // R1
}

std::size_t Worker::ChooseTurn(std::string* request) {
  const sync::MutexLock lock(mutex_);
  const std::int64_t now_ms = UnixMs();
  const Mode mode = conditions_.mode.load(std::memory_order_relaxed);  // R1
  std::size_t replies = 0;
  for (std::uint64_t left = 1 + random_.Below(kTogetherMax); left > 0; --left) {
    Operation operation = ChooseOperation(ledger_, random_, mode);
    operation.sent_ms = now_ms;
    AppendRequest(ledger_, operation, *request);
    replies += operation.replies_left;
    ledger_.Send(std::move(operation));
  }
  return replies;
}

void Worker::TakeReply(std::string_view reply, Turn* turn) {
  const sync::MutexLock lock(mutex_);
  Operation& operation = ledger_.front();
  if (--operation.replies_left > 0) return;  // A command of a transaction was queued; EXEC has its outcome.
  const bool is_get = operation.command == Command::kGet;
  const auto refusal = is_get ? std::nullopt : RefusalIn(reply);
  if (refusal) {
    TakeRefusal(*refusal);
    ++turn->refusals;
    return;
  }
  const auto violation = CheckReply(ledger_, operation, reply);
  const std::vector<Change> changes = violation ? operation.changes : std::vector<Change>{};
  report_.Add(is_get ? Figure::kReads : Figure::kWrites);
  if (!is_get && operation.command != Command::kRemove) ++turn->writes;
  ledger_.Acknowledge();
  if (!violation) return;
  report_.Blame(*violation);
  for (const Change& change : changes) ledger_.SetUnknown(change.key);
}

void Worker::TakeRefusal(std::string_view reply) {
  const Operation& operation = ledger_.front();
  const std::string key = ledger_.KeyAt(operation.changes.front().key).name;
  const std::string text(reply.substr(0, 300));
  report_.Add(Figure::kRefusals);
  if (!MayRefuse(operation)) {
    const bool is_removal = operation.command == Command::kRemove;
    report_.Blame({is_removal ? "a removal was refused" : "a write was refused", key, "done", text});
  } else if (!IsClear(reply)) {
    report_.Blame({"an error that does not say what is short", key, "what is short", text});
  }
  ledger_.Refuse();
}

bool Worker::MayRefuse(const Operation& operation) const {
  const bool is_removal = operation.command == Command::kRemove;
  return (is_removal ? conditions_.removals_may_fail : conditions_.writes_may_fail)
      .load(std::memory_order_relaxed);  // R1
}

}  // namespace kvs::torture
