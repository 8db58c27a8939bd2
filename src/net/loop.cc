#include "net/loop.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <new>
#include <thread>
#include <utility>

#include "base/probe.h"
#include "base/try.h"

namespace kvs::server {

using Phase = Client::Phase;
using Turn = Client::Turn;

namespace {

constexpr std::chrono::milliseconds kLingerTime{1'000};
constexpr std::size_t kAnsweredInBusyRound = 8;
constexpr std::chrono::milliseconds kStopTick{10};  // How often a stopping loop asks whether last answers have arrived.

}  // namespace

Result<std::unique_ptr<Loop>> Loop::Create(Host& host, const LoopOptions& options) {
  KVS_TRY_ASSIGN(auto event_loop, io::EventLoop::Create());
  return std::unique_ptr<Loop>(new Loop(host, options, std::move(event_loop)));
}

Status Loop::Run(std::span<const std::unique_ptr<Acceptor>> acceptors) {
  listeners_.Open(acceptors, now_);
  while (stop_.step() == StopSequence::Step::kServing || !clients_.is_empty()) {
    if (auto iterated = Iterate(); !iterated) {
      mailbox_.AwaitReturned(jobs_out_);
      return iterated;
    }
  }
  return Ok();
}

void Loop::Stop() {
  stop_.Request();
  event_loop_->Wake();
}

Status Loop::Iterate() {
  TakeTimeouts();
  LetOthersSend();
  KVS_TRY_ASSIGN(const auto events, event_loop_->Wait(NextDeadline()));
  now_ = std::chrono::steady_clock::now();
  for (const io::Event& event : events) Dispatch(event);
  KVS_TRY(GatherBeforeSync());
  host_.Tick(now_);
  TakeMail();
  listeners_.ResumeDue(now_);
  AdvanceStop();
  ServeReady();
  CloseExpired();
  return Ok();
}

// As the settings are now.
void Loop::TakeTimeouts() {
  const NetLimits limits = host_.Limits();
  clients_.set_timeout(Phase::kHandshake, options_.handshake_timeout);
  clients_.set_timeout(Phase::kReading, limits.idle_timeout);
  clients_.set_timeout(Phase::kSending,
                       limits.output_timeout.count() > 0 ? limits.output_timeout : limits.idle_timeout);
  clients_.set_timeout(Phase::kLingering, kLingerTime);
}

// Of several loops, one that goes to sleep after a busy round is woken a moment later, which costs as much as a
// request. Clients that were just answered may need this processor to send the next ones.
void Loop::LetOthersSend() {
  if (options_.loops > 1 && std::exchange(answered_, 0) >= kAnsweredInBusyRound) std::this_thread::yield();
}

// The loop looks again and again, since a sleep would be longer. The awaited clients may need this processor.
Status Loop::GatherBeforeSync() {
  while (gather_.is_open() && gather_.IsWaiting(SyncGather::Clock::now())) {
    KVS_PROBE("loop waits for more clients before a sync");
    std::this_thread::yield();
    KVS_TRY_ASSIGN(const auto events, event_loop_->Wait(now_));
    for (const io::Event& event : events) Dispatch(event);
  }
  return Ok();
}

std::optional<io::Deadline> Loop::NextDeadline() const {
  if (!ready_.empty()) return now_;
  std::optional<io::Deadline> next;
  const auto consider = [&](io::Deadline deadline) { next = next ? std::min(*next, deadline) : deadline; };
  if (const auto resume = listeners_.NextResume()) consider(*resume);
  if (const auto expiry = clients_.Next()) consider(*expiry);
  if (const auto tick = host_.NextTick(now_)) consider(*tick);
  // In kClosing only jobs are left to wait for, and they wake the loop when they return.
  if (stop_.step() == StopSequence::Step::kAnswering) {
    consider(stop_.deadline());
    if (clients_.has(Phase::kLingering)) consider(now_ + kStopTick);
  }
  return next;
}

// --- Events and mail ---

void Loop::Dispatch(const io::Event& event) {
  if (listeners_.Accept(event.token)) return;
  auto* client = static_cast<Client*>(event.token);
  const bool is_in_job = client->turn == Turn::kInJob;
  KVS_PROBE_IF(is_in_job, "event for a client that is in a job");
  if (is_in_job) return;  // It was dispatched for another reason, and is watched again when it returns.
  if (client->phase == Phase::kLingering) {
    if (!client->session.Discard()) Close(client);
    return;
  }
  gather_.NoteReturn(std::exchange(client->answered_in_round, SyncGather::kNoRound));
  // Nothing was asked for: the socket has failed.
  if (client->turn == Turn::kNone && !client->watched.readable && !client->watched.writable) {
    Close(client);
    return;
  }
  client->session.NoteReadable();
  NoteInput(client);
  MakeReady(client);
}

void Loop::TakeMail() {
  LoopMailbox::Mail mail = mailbox_.Take();
  for (NewClient& new_client : mail.new_clients) Admit(std::move(new_client));
  for (Client* client : mail.returned) {
    --jobs_out_;
    client->turn = Turn::kNone;
    NoteInput(client);
    EndTurn(client);
  }
  for (const std::shared_ptr<Outbox>& outbox : mail.announced) TakeMailOf(*outbox);
}

// One in a job looks for mail when it returns, one that lingers takes no more.
void Loop::TakeMailOf(Outbox& outbox) {
  outbox.Acknowledge();
  auto* client = static_cast<Client*>(outbox.owner);
  if (client == nullptr || client->turn == Turn::kInJob || client->phase == Phase::kLingering) return;
  if (client->session.is_waiting()) NoteInput(client);  // The time for its next request begins with its reply.
  MakeReady(client);
}

void Loop::Admit(NewClient new_client) {
  const Phase phase = new_client.tls == nullptr ? Phase::kReading : Phase::kHandshake;
  host_.figures.CountClient();
  Client* client = nullptr;
  try {
    client = clients_.Add(phase, now_, std::move(new_client.socket), host_, host_.Limits().connection, &mailbox_);
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory for a new client");
    host_.figures.RemoveOpenClient();
    return;
  }
  if (new_client.tls != nullptr) client->session.Secure(std::move(new_client.tls));
  client->watched = {.readable = true, .once = is_pooled()};
  if (!event_loop_->Watch(client->session.socket(), client->watched, client)) Close(client);
}

// --- Turns ---

void Loop::MakeReady(Client* client) {
  if (std::exchange(client->turn, Turn::kReady) == Turn::kReady) return;
  ready_.push_back(client);
}

void Loop::ServeReady() {
  const std::vector<Client*> clients = std::exchange(ready_, {});
  for (Client* client : clients) client->turn = Turn::kNone;
  if (!is_pooled()) {
    ServeHere(clients);
  } else {
    for (Client* client : clients) ServeInJob(client);
  }
}

void Loop::ServeHere(const std::vector<Client*>& clients) {
  std::vector<Session*> sessions;
  sessions.reserve(clients.size());
  for (Client* client : clients) sessions.push_back(&client->session);
  const RoundSync sync = ServeRound(host_, {room_.get(), kRoomBytes}, sessions);
  answered_ = sessions.size();
  gather_.EndRound(sync.sessions, sync.duration, sync.sessions > 0 ? SyncGather::Clock::now() : now_);
  for (Client* client : clients) {
    client->answered_in_round = gather_.round();
    EndTurn(client);
  }
}

void Loop::ServeInJob(Client* client) {
  client->turn = Turn::kInJob;
  ++jobs_out_;
  options_.pool->Spawn([this, client]() noexcept {
    Session* session = &client->session;
    std::array<char, Session::kReceiveBytes> room;
    static_cast<void>(ServeRound(host_, room, {&session, 1}));
    mailbox_.Return(client);
  });
}

void Loop::EndTurn(Client* client) {
  NoteOutput(client);
  switch (client->session.next()) {
    case Session::Next::kWait: Rearm(client); break;
    case Session::Next::kTurn:
      if (is_pooled()) client->session.NoteReadable();  // Nobody watches the socket meanwhile.
      MakeReady(client);
      break;
    case Session::Next::kLinger: Linger(client); break;
    case Session::Next::kClose:
      if (client->session.is_dropped()) client->session.NoteDropped(client->session.drop_reason());
      Close(client);
      break;
  }
}

void Loop::Rearm(Client* client) {
  io::Interest interest = client->session.interest();
  interest.once = is_pooled();
  if (!interest.once && interest == client->watched) return;
  client->watched = interest;
  if (!event_loop_->Change(client->session.socket(), interest, client)) Close(client);
}

// --- Phases ---

// Input counts while the next request is waited for, and in no other phase.
void Loop::NoteInput(Client* client) {
  if (client->phase == Phase::kReading) clients_.Restart(Phase::kReading, now_, client);
}

// After a turn: whether the client has answers to take, and whether it takes them.
void Loop::NoteOutput(Client* client) {
  if (client->phase == Phase::kHandshake) {
    if (!client->session.is_secured()) return;
    clients_.Restart(Phase::kReading, now_, client);
  }
  const bool was_sending = client->phase == Phase::kSending;
  if (client->session.has_output()) {
    if (was_sending && client->sent_bytes == client->session.sent_bytes()) return;
    client->sent_bytes = client->session.sent_bytes();
    clients_.Restart(Phase::kSending, now_, client);
  } else if (was_sending) {
    clients_.Restart(Phase::kReading, now_, client);
  }
}

void Loop::Linger(Client* client) {
  client->session.BeginLinger();
  clients_.Restart(Phase::kLingering, now_, client);
  client->watched = {.readable = true};
  if (!event_loop_->Change(client->session.socket(), client->watched, client)) Close(client);
}

}  // namespace kvs::server
