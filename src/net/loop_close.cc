// The part of Loop that closes clients: those whose time is over, and all of them when the loop stops.
#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "base/probe.h"
#include "net/loop.h"

namespace kvs::server {

using Phase = Client::Phase;
using Turn = Client::Turn;

namespace {

// All phases but kLingering, which needs nothing from the server.
constexpr std::array kUnansweredPhases = {Phase::kReading, Phase::kSending, Phase::kHandshake};

}  // namespace

// --- Stopping ---

void Loop::AdvanceStop() {
  const StopSequence::Step step = stop_.Advance(now_);
  if (step == StopSequence::Step::kServing) return;
  listeners_.Close();
  if (step == StopSequence::Step::kAnswering) {
    AnswerArrived();
  } else {
    CloseUnanswered();
  }
}

// A client in a job has its turn here when it returns.
void Loop::AnswerArrived() {
  for (const Phase phase : kUnansweredPhases) {
    clients_.Visit(phase, [&](Client* client) {
      if (client->turn == Turn::kInJob || std::exchange(client->is_stopped, true)) return;
      client->session.StopAfterArrived();
      MakeReady(client);
    });
  }
}

void Loop::CloseUnanswered() {
  ready_.clear();
  std::size_t closed = 0;
  for (const Phase phase : kUnansweredPhases) {
    clients_.Visit(phase, [&](Client* client) {
      if (client->turn == Turn::kInJob) return;
      Close(client);
      ++closed;
    });
  }
  clients_.Visit(Phase::kLingering, [&](Client* client) { Close(client); });
  if (closed > 0) {
    KVS_PROBE("stop closes clients that take no answers");
    host_.Note(NetEvent::kStopTimedOut,
               "stop: closed " + std::to_string(closed) + " connections that did not take their answers in time");
  }
}

// --- Closing ---

void Loop::CloseExpired() {
  CloseSilent(Phase::kReading);
  CloseSilent(Phase::kSending);
  clients_.VisitExpired(Phase::kHandshake, now_, [&](Client* client) {
    if (client->turn != Turn::kNone) return;
    KVS_PROBE("handshake takes too long");
    client->session.NoteFailedHandshake("it took too long (tls-handshake-timeout)");
    Close(client);
  });
  clients_.VisitExpired(Phase::kLingering, now_, [&](Client* client) {
    KVS_PROBE("client lingers to the end");
    Close(client);
  });
  if (stop_.step() == StopSequence::Step::kServing) return;
  // A server that ends waits for its answers to arrive, not for clients to go.
  clients_.Visit(Phase::kLingering, [&](Client* client) {
    if (client->session.AnswersHaveArrived()) Close(client);
  });
}

// A client that may be idle still has to take what it is sent.
void Loop::CloseSilent(Phase phase) {
  clients_.VisitExpired(phase, now_, [&](Client* client) {
    const bool may_be_idle = phase == Phase::kReading && client->session.may_be_idle();
    if (client->turn != Turn::kNone || may_be_idle) {
      KVS_PROBE("silent client is waiting for the server");
      clients_.Restart(phase, now_, client);
      return;
    }
    if (phase == Phase::kSending) client->session.NoteDropped("took none of its answers in time (output-timeout)");
    Close(client);
  });
}

void Loop::Close(Client* client) {
  client->outbox->owner = nullptr;
  // First, so that a client which sees its connection end finds the place free for another.
  host_.figures.RemoveOpenClient();
  clients_.Remove(client);  // Closing a socket ends its being watched.
}

}  // namespace kvs::server
