#include "net/connection.h"

#include <new>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/probe.h"
#include "net/memory/memory_error.h"

namespace kvs::server {

Connection::Connection(Host& host, const ConnectionLimits& limits, int socket, std::shared_ptr<Outbox> outbox)
    : host_(host),
      limits_(limits),
      socket_(socket),
      account_(host.client_memory.Open(socket)),
      outbox_(outbox != nullptr ? std::move(outbox) : std::make_shared<Outbox>(limits.output_bytes_max, nullptr)),
      input_(account_.get()),
      replies_(account_.get()) {
  outbox_->set_account(account_);
}

Connection::~Connection() {
  conversation_.reset();  // From now on only its holders find the outbox.
  outbox_->Close();
  account_->Close();
}

// A turn without memory ends its connection, and nothing else.
template <class Work>
void Connection::RunCounted(Work work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    KVS_PROBE("no memory for a turn of a client");
    is_dropped_ = true;
    has_no_memory_ = true;
  }
  if (is_closing_ || is_dropped_) input_ = {};
  CountMemory();
}

// Before the replies are sent, so that a client which has its reply finds true figures.
void Connection::CountMemory() {
  const BufferFigures figures{.input = input_.size(),
                              .input_room = input_.capacity(),
                              .output = replies_.bytes.size(),
                              .output_room = replies_.bytes.capacity()};
  const std::size_t of_conversation = conversation_ == nullptr ? 0 : conversation_->NoteBuffers(figures);
  account_->SetHeld(figures.input_room + figures.output_room + of_conversation);
}

void Connection::Receive(std::string_view bytes) {
  KVS_CHECK(wants_input());
  if (!bytes.empty()) RunCounted([&] { Take(bytes); });
}

void Connection::Take(std::string_view bytes) {
  if (is_waiting_) {
    Keep(bytes);
  } else if (input_.empty()) {
    const std::size_t consumed = Execute(bytes);
    if (!is_closing_) Keep(bytes.substr(consumed));
  } else if (Keep(bytes)) {
    input_.Consume(Execute(input_.view()));
  }
  if (is_closing_) EndConversation();
}

// False: there is no memory for it, and the client was told.
bool Connection::Keep(std::string_view bytes) {
  try {
    input_.Append(bytes);
    return true;
  } catch (const std::bad_alloc& failure) {
    is_behind_ = false;
    is_closing_ = true;
    KVS_PROBE("no memory for the input of a client");
    conversation_->AppendRefusal(MemoryError(failure), &replies_.bytes);
    return false;
  }
}

void Connection::Resume() {
  if (can_resume()) RunCounted([&] { GoOn(); });
}

void Connection::GoOn() {
  if (has_mail()) outbox_->Take(&replies_.bytes);
  if (outbox_->TakeWake() && is_waiting_) {
    is_waiting_ = false;
    is_behind_ = true;
  }
  if (is_behind_) input_.Consume(Execute(input_.view()));
  if (is_closing_) EndConversation();
}

// Once no reply needs it. With it the client leaves all who know it: subscriptions, tracking, CLIENT LIST.
void Connection::EndConversation() {
  input_ = {};
  if (replies_.unsettled.empty()) conversation_.reset();
}

std::size_t Connection::Execute(std::string_view input) {
  if (conversation_ == nullptr) conversation_ = host_.NewConversation(input.front(), limits_, socket_, outbox_);
  const Conversation::Progress progress = conversation_->Execute(input, replies_);
  is_behind_ = progress.is_behind;
  is_waiting_ = progress.is_waiting;
  is_put_off_ = progress.is_put_off;
  is_closing_ = progress.is_closing;
  is_dropped_ = progress.is_dropped;
  return progress.consumed_bytes;
}

void Connection::SettleWrites(const Status& sync) {
  RunCounted([&] {
    const std::vector<Replies::Unsettled> unsettled = std::exchange(replies_.unsettled, {});
    if (!sync) ReplaceByErrors(unsettled, sync.error());
    if (is_closing_) EndConversation();
  });
}

void Connection::ReplaceByErrors(std::span<const Replies::Unsettled> unsettled, const Error& error) {
  KVS_PROBE("answers become errors of their sync");
  base::ByteBuffer corrected;
  const std::string_view made = replies_.bytes.view();
  std::size_t copied = 0;
  for (const Replies::Unsettled& range : unsettled) {
    corrected.Append(made.substr(copied, range.begin - copied));
    for (std::uint32_t i = 0; i < range.count; ++i) {
      conversation_->AppendSyncFailure(range.tag, error, &corrected);
    }
    copied = range.end;
  }
  corrected.Append(made.substr(copied));
  replies_.bytes = std::move(corrected);
}

void Connection::Sent(std::size_t bytes) {
  KVS_CHECK(replies_.unsettled.empty());
  const std::size_t room_before = replies_.bytes.capacity();
  replies_.bytes.Consume(bytes);
  account_->Shrink(room_before - replies_.bytes.capacity());
  if (conversation_ != nullptr) conversation_->NoteOutput(replies_.bytes.size(), replies_.bytes.capacity());
}

}  // namespace kvs::server
