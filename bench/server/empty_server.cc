// empty_server: the ceiling. Answers RESP as fast as a loop of epoll, recv and send can, and stores nothing.
//
//   empty_server [--port N] [--threads N] [--value-bytes N]
//
// A GET gets a fixed value, a SET an OK, anything else an error. Each command is decoded in full, with its lengths,
// because every server has that work. The costs of a server beyond these are those of its store. Prints "listening on
// IP:PORT" and runs until it is killed.
#include <sys/epoll.h>

#include <CLI/CLI.hpp>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "die.h"
#include "io/socket.h"
#include "io/unique_fd.h"
#include "kvs/address.h"

namespace kvs::bench {
namespace {

constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;
constexpr int kEventsMax = 256;

struct Connection {
  io::UniqueFd socket{};
  std::string input{};   // The beginning of a command.
  std::string output{};  // The bytes that the kernel did not take.
};

// Reads the number after the one-byte `mark`, and the line's end. False: not whole yet.
bool TakeNumber(std::string_view* input, char mark, std::size_t* number) {
  const std::size_t end = input->find('\n');
  if (end == std::string_view::npos) return false;
  const auto [stop, error] = std::from_chars(input->data() + 1, input->data() + end, *number);
  if (input->front() != mark || error != std::errc() || *stop != '\r') Die("not a RESP command");
  input->remove_prefix(end + 1);
  return true;
}

// Cuts a command off the input. Empty: not whole yet. Otherwise its name.
std::string_view TakeCommand(std::string_view* input) {
  std::string_view rest = *input;
  std::size_t words = 0;
  if (!TakeNumber(&rest, '*', &words)) return {};
  std::string_view name;
  for (std::size_t i = 0; i < words; ++i) {
    std::size_t bytes = 0;
    if (!TakeNumber(&rest, '$', &bytes) || rest.size() < bytes + 2) return {};
    if (i == 0) name = rest.substr(0, bytes);
    rest.remove_prefix(bytes + 2);
  }
  *input = rest;
  return name;
}

class Loop {
 public:
  explicit Loop(std::size_t value_bytes)
      : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        value_("$" + std::to_string(value_bytes) + "\r\n" + std::string(value_bytes, 'x') + "\r\n") {}

  // From any thread. The connection belongs to the loop from here on.
  void Adopt(io::UniqueFd socket) {
    auto connection = std::make_unique<Connection>();
    connection->socket = std::move(socket);
    epoll_event event{.events = EPOLLIN, .data = {.ptr = connection.get()}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, connection->socket.get(), &event) != 0) Die("epoll_ctl");
    static_cast<void>(connection.release());  // Close() deletes it.
  }

  [[noreturn]] void Run() {
    std::array<epoll_event, kEventsMax> events;
    while (true) {
      const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsMax, -1);
      for (int i = 0; i < ready; ++i) Serve(static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

 private:
  void Serve(Connection* connection) {
    if (!connection->output.empty() && !Send(connection)) return;
    const std::size_t kept = connection->input.size();
    if (kept == receive_buffer_.size()) Die("a command longer than the buffer");
    std::memcpy(receive_buffer_.data(), connection->input.data(), kept);
    const auto received = io::Receive(connection->socket.get(), std::span(receive_buffer_).subspan(kept));
    if (received && received->outcome == io::TransferOutcome::kWouldBlock) return;
    if (!received || received->outcome == io::TransferOutcome::kEnd) {
      delete connection;  // Closing the socket ends its being watched.
      return;
    }
    std::string_view input(receive_buffer_.data(), kept + received->bytes);
    output_.clear();
    while (!input.empty()) {
      const std::string_view name = TakeCommand(&input);
      if (name.empty()) break;
      output_ += name == "GET" ? std::string_view(value_) : name == "SET" ? "+OK\r\n" : "-ERR only GET and SET\r\n";
    }
    connection->input = input;
    Answer(connection);
  }

  void Answer(Connection* connection) {
    const auto sent = io::Send(connection->socket.get(), output_);
    if (!sent) return;  // The client has gone: the next event says so.
    if (sent->bytes == output_.size()) return;
    connection->output = output_.substr(sent->bytes);
    Watch(connection, EPOLLOUT);
  }

  // Nothing more is read from a client that does not take its answers. False: it still does not.
  bool Send(Connection* connection) {
    const auto sent = io::Send(connection->socket.get(), connection->output);
    if (!sent) return true;
    connection->output.erase(0, sent->bytes);
    if (!connection->output.empty()) return false;
    Watch(connection, EPOLLIN);
    return true;
  }

  void Watch(Connection* connection, std::uint32_t events) {
    epoll_event event{.events = events, .data = {.ptr = connection}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, connection->socket.get(), &event) != 0) Die("epoll_ctl");
  }

  const io::UniqueFd epoll_;
  const std::string value_;
  std::array<char, kReceiveBytes> receive_buffer_;
  std::string output_;
};

[[noreturn]] void Accept(int listener, std::span<const std::unique_ptr<Loop>> loops) {
  io::UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener, &event) != 0) Die("epoll_ctl");
  for (std::size_t next = 0; true;) {
    ::epoll_wait(epoll.get(), &event, 1, -1);
    auto accepted = io::Accept(listener);
    if (!accepted) Die("accept: " + accepted.error().ToString());
    if (accepted->outcome != io::AcceptOutcome::kAccepted) continue;
    loops[next++ % loops.size()]->Adopt(std::move(accepted->socket));
  }
}

int Main(int argc, char** argv) {
  Address address{.port = 0};
  unsigned threads = 1;
  std::size_t value_bytes = 100;
  CLI::App app("empty_server: answers GET and SET, stores nothing", "empty_server");
  app.add_option("--port", address.port, "0: a free one")->capture_default_str();
  app.add_option("--threads", threads)->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--value-bytes", value_bytes)->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  const auto listener = io::Listen(address);
  if (!listener) Die(listener.error().ToString());
  const auto bound = io::LocalAddress(listener->get());
  if (!bound) Die(bound.error().ToString());
  std::printf("listening on %s\n", bound->ToString().c_str());
  std::fflush(stdout);

  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<std::thread> running;
  for (unsigned i = 0; i < threads; ++i) {
    loops.push_back(std::make_unique<Loop>(value_bytes));
    running.emplace_back([loop = loops.back().get()] { loop->Run(); });
  }
  Accept(listener->get(), loops);
}

}  // namespace
}  // namespace kvs::bench

int main(int argc, char** argv) { return kvs::bench::Main(argc, argv); }
