#include "load_worker.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "die.h"
#include "io/socket.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kReceiveBytes = std::size_t{256} << 10;
constexpr std::chrono::seconds kConnectTimeout{10};
constexpr std::int64_t kTickNs = 100'000'000;     // How often a worker without events asks whether to stop.
constexpr std::uint64_t kStride = 2'654'435'761;  // A prime: pairs in steps of it, modulo their number, are all pairs.
constexpr std::size_t kExcerptBytes = 80;

std::string Excerpt(std::string_view bytes) {
  std::string text(bytes.substr(0, kExcerptBytes));
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
  return text;
}

[[noreturn]] void DieOf(const std::string& what, const Error& error) { Die(what + ": " + error.ToString()); }

}  // namespace

std::int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

LoadWorker::LoadWorker(const LoadPlan& plan, const Wire& wire)
    : plan_(plan),
      wire_(wire),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      connections_(plan.connections),
      receive_buffer_(kReceiveBytes),
      random_(plan.seed) {
  if (!epoll_.is_open()) Die("epoll_create1: " + std::string(std::strerror(errno)));
  for (Connection& connection : connections_) {
    auto socket = io::Connect(plan_.address, std::chrono::steady_clock::now() + kConnectTimeout);
    if (!socket) DieOf("cannot connect", socket.error());
    connection.socket = *std::move(socket);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection.socket.get(), &event) != 0) {
      Die("epoll_ctl: " + std::string(std::strerror(errno)));
    }
  }
}

void LoadWorker::RecordBetween(std::int64_t begin_ns, std::int64_t end_ns) {
  record_begin_ns_ = begin_ns;
  record_end_ns_ = end_ns;
}

void LoadWorker::Run() {
  if (plan_.rate) {
    next_due_ns_ = NowNs() + NextGapNs();
  } else {
    for (Connection& connection : connections_) SendBatch(connection);
  }
  std::array<epoll_event, 64> events;
  while (in_flight_ > 0 || has_more_to_send()) {
    const int ready = Wait(events);
    for (int i = 0; i < ready; ++i) Dispatch(events[static_cast<std::size_t>(i)]);
    if (plan_.rate) SendDue();
  }
}

bool LoadWorker::has_more_to_send() const {
  if (plan_.requests) return requests_made_ < *plan_.requests;
  return !is_stopping();
}

Request LoadWorker::NextRequest(std::int64_t start_ns) {
  const std::uint64_t made = requests_made_++;
  const std::uint64_t number =
      plan_.in_turn ? (*plan_.in_turn + made) * kStride % plan_.keys : random_.Below(plan_.keys);
  const bool is_set = plan_.set_percent == 100 || (plan_.set_percent > 0 && random_.Below(100) < plan_.set_percent);
  return {.number = number, .start_ns = start_ns, .operation = is_set ? Operation::kSet : Operation::kGet};
}

// ------------------------------------------------------------------------------------------------------------ sending

void LoadWorker::SendBatch(Connection& connection) {
  const std::int64_t now_ns = NowNs();
  for (std::size_t i = 0; i < plan_.pipeline && has_more_to_send(); ++i) {
    connection.unsent.push_back(NextRequest(now_ns));
  }
  Encode(connection);
  Flush(connection);
}

// The requests that are due go to the connections in turn; each connection sends all of its share together.
void LoadWorker::SendDue() {
  const std::int64_t now_ns = NowNs();
  const std::size_t first = next_connection_;
  std::size_t due = 0;
  for (; next_due_ns_ <= now_ns && has_more_to_send(); ++due) {
    connections_[next_connection_].unsent.push_back(NextRequest(next_due_ns_));
    next_connection_ = (next_connection_ + 1) % connections_.size();
    next_due_ns_ += NextGapNs();
  }
  if (in_flight_ + due > kBacklogMax) Die("the server cannot keep this rate");
  for (std::size_t i = 0; i < std::min(due, connections_.size()); ++i) {
    Connection& connection = connections_[(first + i) % connections_.size()];
    Encode(connection);
    if (!connection.awaits_room) Flush(connection);
  }
}

// Exponentially distributed: requests of many independent users.
std::int64_t LoadWorker::NextGapNs() {
  constexpr double kUniforms = 9007199254740992.0;  // 2^53
  const double uniform = static_cast<double>((random_.Next() >> 11) + 1) / kUniforms;
  return static_cast<std::int64_t>(-std::log(uniform) * 1e9 / *plan_.rate);
}

void LoadWorker::Encode(Connection& connection) {
  wire_.Encode(connection.unsent, &connection.output);
  connection.unanswered.insert(connection.unanswered.end(), connection.unsent.begin(), connection.unsent.end());
  in_flight_ += connection.unsent.size();
  connection.unsent.clear();
}

void LoadWorker::Flush(Connection& connection) {
  while (connection.sent_bytes < connection.output.size()) {
    const auto sent =
        io::Send(connection.socket.get(), std::string_view(connection.output).substr(connection.sent_bytes));
    if (!sent) DieOf("send", sent.error());
    if (sent->outcome != io::TransferOutcome::kBytes) return AwaitRoom(connection, true);
    connection.sent_bytes += sent->bytes;
  }
  connection.output.clear();
  connection.sent_bytes = 0;
  if (connection.awaits_room) AwaitRoom(connection, false);
}

void LoadWorker::AwaitRoom(Connection& connection, bool awaits) {
  connection.awaits_room = awaits;
  epoll_event event{.events = awaits ? EPOLLIN | EPOLLOUT : EPOLLIN, .data = {.ptr = &connection}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection.socket.get(), &event) != 0) Die("epoll_ctl");
}

// ---------------------------------------------------------------------------------------------------------- receiving

// An open loop sleeps until the next request is due, to the nanosecond that the kernel's timers allow.
int LoadWorker::Wait(std::array<epoll_event, 64>& events) {
  const std::int64_t wait_ns = plan_.rate ? std::clamp<std::int64_t>(next_due_ns_ - NowNs(), 0, kTickNs) : kTickNs;
  const timespec timeout{.tv_sec = 0, .tv_nsec = static_cast<long>(wait_ns)};
  const int ready = ::epoll_pwait2(epoll_.get(), events.data(), static_cast<int>(events.size()), &timeout, nullptr);
  if (ready < 0 && errno != EINTR) Die("epoll_pwait2: " + std::string(std::strerror(errno)));
  return ready;
}

void LoadWorker::Dispatch(const epoll_event& event) {
  auto& connection = *static_cast<Connection*>(event.data.ptr);
  if ((event.events & EPOLLOUT) != 0) Flush(connection);
  if ((event.events & ~static_cast<std::uint32_t>(EPOLLOUT)) != 0) ReadAnswers(connection);
}

void LoadWorker::ReadAnswers(Connection& connection) {
  const std::size_t kept = connection.input.size();
  std::memcpy(receive_buffer_.data(), connection.input.data(), kept);
  const auto received = io::Receive(connection.socket.get(), std::span(receive_buffer_).subspan(kept));
  if (!received) DieOf("receive", received.error());
  if (received->outcome == io::TransferOutcome::kWouldBlock) return;
  if (received->outcome == io::TransferOutcome::kEnd) Die("the server closed a connection");

  const std::string_view input(receive_buffer_.data(), kept + received->bytes);
  connection.input = input.substr(TakeAnswers(connection, input));
  if (!plan_.rate && connection.unanswered.empty() && has_more_to_send()) SendBatch(connection);
}

// Answers how many bytes of the input were whole answers.
std::size_t LoadWorker::TakeAnswers(Connection& connection, std::string_view input) {
  const std::int64_t now_ns = NowNs();
  std::size_t taken_bytes = 0;
  std::uint64_t taken = 0;
  while (taken_bytes < input.size()) {
    const std::string_view rest = input.substr(taken_bytes);
    if (connection.unanswered.empty()) Die("an answer that nobody asked for: " + Excerpt(rest));
    const Request& request = connection.unanswered.front();
    const Answer answer = wire_.Read(request, rest);
    if (answer.verdict == Answer::Verdict::kTooShort) break;
    if (answer.verdict == Answer::Verdict::kWrong) {
      const char* const name = request.operation == Operation::kGet ? "get" : "set";
      Die(std::string("a wrong answer to a ") + name + " of pair " + std::to_string(request.number) + ": " +
          Excerpt(rest));
    }
    if (request.start_ns >= record_begin_ns_ && request.start_ns < record_end_ns_) {
      latencies_.Add(static_cast<std::uint64_t>(std::max<std::int64_t>(now_ns - request.start_ns, 0)));
    }
    connection.unanswered.pop_front();
    taken_bytes += answer.bytes;
    ++taken;
  }
  in_flight_ -= taken;
  answered_.store(answered() + taken, std::memory_order_relaxed);  // R1
  return taken_bytes;
}

}  // namespace kvs::bench
