#include "apps/torture/load/link.h"

#include <poll.h>

#include <array>
#include <utility>

#include "io/socket.h"
#include "protocol/resp_reply.h"

namespace kvs::torture {
namespace {

constexpr std::chrono::seconds kConnectPatience{10};
constexpr int kPollMs = 100;

}  // namespace

void AppendCommand(std::string& request, const std::vector<std::string_view>& words) {
  request += "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string_view word : words) {
    request += "$" + std::to_string(word.size()) + "\r\n";
    request.append(word).append("\r\n");
  }
}

std::optional<std::string_view> TextOf(std::string_view reply) {
  if (!reply.starts_with('$') || reply.starts_with("$-1")) return std::nullopt;
  const std::size_t begin = reply.find("\r\n") + 2;
  return reply.substr(begin, reply.size() - begin - 2);
}

std::optional<Link> Link::Connect(const Address& address) {
  auto socket = io::Connect(address, std::chrono::steady_clock::now() + kConnectPatience);
  if (!socket) return std::nullopt;
  return Link(*std::move(socket));
}

Link::Outcome Link::Exchange(std::string_view request, std::size_t replies, FunctionRef<void(std::string_view)> visit,
                             const std::atomic<bool>& gives_up) {
  auto deadline = std::chrono::steady_clock::now() + kLinkPatience;
  while (true) {
    while (replies > 0 && TakeReply(visit)) --replies;
    if (replies == 0 && request.empty()) return Outcome::kAnswered;
    const auto moved = Transfer(&request);
    if (!moved || gives_up.load(std::memory_order_relaxed)) return Outcome::kEnded;
    if (*moved > 0) deadline = std::chrono::steady_clock::now() + kLinkPatience;
    if (std::chrono::steady_clock::now() > deadline) return Outcome::kHung;
  }
}

std::optional<std::string> Link::Call(const std::vector<std::string_view>& words) {
  std::string request;
  AppendCommand(request, words);
  std::string answer;
  const std::atomic<bool> never{false};
  const auto outcome = Exchange(
      request, 1, [&](std::string_view reply) { answer = reply; }, never);
  return outcome == Outcome::kAnswered ? std::optional(answer) : std::nullopt;
}

bool Link::TakeReply(FunctionRef<void(std::string_view)> visit) {
  const std::string_view input = std::string_view(input_).substr(consumed_);
  const auto bytes = protocol::RespReplyBytes(input);
  if (!bytes) {
    input_.erase(0, std::exchange(consumed_, 0));
    return false;
  }
  visit(input.substr(0, *bytes));
  consumed_ += *bytes;
  return true;
}

std::optional<std::size_t> Link::Transfer(std::string_view* request) {
  const auto events = static_cast<short>(request->empty() ? POLLIN : POLLIN | POLLOUT);
  pollfd polled{socket_.get(), events, 0};
  if (::poll(&polled, 1, kPollMs) <= 0) return 0;
  std::size_t moved = 0;
  if ((polled.revents & POLLOUT) != 0) {
    const auto sent = io::Send(socket_.get(), *request);
    if (!sent) return std::nullopt;
    request->remove_prefix(sent->bytes);
    moved = sent->bytes;
  }
  if ((polled.revents & ~POLLOUT) == 0) return moved;
  const auto received = ReceiveSome();
  if (!received) return std::nullopt;
  return moved + *received;
}

std::optional<std::size_t> Link::ReceiveSome() {
  std::array<char, 65'536> bytes;
  const auto received = io::Receive(socket_.get(), bytes);
  if (!received || received->outcome == io::TransferOutcome::kEnd) return std::nullopt;
  input_.append(bytes.data(), received->bytes);
  return received->bytes;
}

}  // namespace kvs::torture
