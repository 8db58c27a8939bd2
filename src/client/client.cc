#include "kvs/client.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/byte_buffer.h"
#include "base/probe.h"
#include "base/try.h"
#include "io/socket.h"
#include "protocol/frame_encoder.h"
#include "protocol/native_frame.h"
#include "protocol/response_decoder.h"

namespace kvs {

using protocol::Opcode;
using protocol::Request;
using protocol::Response;

namespace {

constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;

Status CheckLimits(const Request& request) {
  if (request.key.size() > protocol::kFrameKeyBytesMax) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "the key is longer than 65,535 bytes"};
  }
  if (request.value.size() > protocol::kFrameValueBytesMax) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "the value is longer than 512 MiB"};
  }
  return Ok();
}

}  // namespace

class KvsClient::Impl {
 public:
  Impl(io::UniqueFd socket, const ClientOptions& options) : socket_(std::move(socket)), options_(options) {}

  // Sends `request` and returns the value of its answer; nullopt if there is none.
  Result<std::optional<std::string>> Call(Request request);

 private:
  Status SendRequest(const Request& request, io::Deadline deadline);
  Result<Response> ReceiveResponse(io::Deadline deadline);
  Error ReceiveRefusal(io::Deadline deadline);
  Status ReceiveSome(io::Deadline deadline);
  Result<Response> Exchange(const Request& request);
  Error Die(Error error);

  io::UniqueFd socket_;  // Closed if the connection is dead.
  const ClientOptions options_;
  base::ByteBuffer input_;
  std::size_t response_bytes_ = 0;  // Size of the decoded response at the front of input_.
  std::uint32_t last_request_id_ = 0;
};

Result<std::optional<std::string>> KvsClient::Impl::Call(Request request) {
  KVS_TRY(CheckLimits(request));
  if (!socket_.is_open()) {
    return Error{.code = ErrorCode::kIo, .context = "the connection ended with an earlier error: connect again"};
  }
  request.request_id = ++last_request_id_;
  Result<Response> exchanged = Exchange(request);
  if (!exchanged) return Die(std::move(exchanged).error());

  const Response response = *exchanged;
  std::string payload(response.payload);
  input_.Consume(response_bytes_);
  const bool answers_this = response.request_id == request.request_id || response.is_closing;
  if (!answers_this) return Die({.code = ErrorCode::kProtocol, .context = "the server answered another request"});
  if (response.is_closing) socket_.Close();
  if (!response.is_ok()) return Error{.code = response.error_code(), .context = std::move(payload)};
  if (!response.has_value) return std::optional<std::string>();
  return std::optional<std::string>(std::move(payload));
}

Result<Response> KvsClient::Impl::Exchange(const Request& request) {
  const io::Deadline deadline = std::chrono::steady_clock::now() + options_.request_timeout;
  const Status sent = SendRequest(request, deadline);
  if (sent) return ReceiveResponse(deadline);
  if (sent.error().code == ErrorCode::kTimeout) return sent.error();
  // A server that refuses a request says so and closes without reading the rest. Its answer may have arrived.
  KVS_PROBE("server hangs up on a request");
  Result<Response> refusal = ReceiveResponse(deadline);
  return refusal ? std::move(refusal) : sent.error();
}

Status KvsClient::Impl::SendRequest(const Request& request, io::Deadline deadline) {
  const auto header = protocol::EncodeRequestHeader(request);
  std::array<std::string_view, 3> parts{std::string_view(header.data(), header.size()), request.key, request.value};
  std::size_t first = 0;  // The first part that is not completely sent.
  while (true) {
    while (first < parts.size() && parts[first].empty()) ++first;
    if (first == parts.size()) return Ok();
    KVS_TRY_ASSIGN(io::Transfer sent, io::SendParts(socket_.get(), std::span(parts).subspan(first)));
    KVS_PROBE_IF(sent.outcome == io::TransferOutcome::kWouldBlock, "client waits to send");
    if (sent.outcome == io::TransferOutcome::kWouldBlock) KVS_TRY(io::WaitWritable(socket_.get(), deadline));
    for (std::size_t i = first; i < parts.size(); ++i) {
      const std::size_t bytes = std::min(sent.bytes, parts[i].size());
      parts[i].remove_prefix(bytes);
      sent.bytes -= bytes;
    }
  }
}

Result<Response> KvsClient::Impl::ReceiveResponse(io::Deadline deadline) {
  while (true) {
    const protocol::DecodedResponse decoded = protocol::DecodeResponse(input_.view());
    switch (decoded.status) {
      case protocol::ResponseStatus::kResponse: response_bytes_ = decoded.consumed_bytes; return decoded.response;
      case protocol::ResponseStatus::kMalformed:
        KVS_PROBE_IF(input_.view().starts_with('-'), "server refuses the client by a line");
        if (input_.view().starts_with('-')) return ReceiveRefusal(deadline);
        return Error{.code = ErrorCode::kProtocol, .context = "the peer does not speak the native protocol of kvs"};
      case protocol::ResponseStatus::kNeedMore: KVS_TRY(ReceiveSome(deadline)); break;
    }
  }
}

// Parses a line of text (protocol::kRefusalLine) as an error.
Error KvsClient::Impl::ReceiveRefusal(io::Deadline deadline) {
  while (input_.view().find('\n') == std::string_view::npos && input_.size() < protocol::kFrameErrorTextBytesMax) {
    if (!ReceiveSome(deadline)) break;
  }
  const std::string_view text = input_.view().substr(1);
  return Error{.code = ErrorCode::kOverloaded, .context = std::string(text.substr(0, text.find('\r')))};
}

Status KvsClient::Impl::ReceiveSome(io::Deadline deadline) {
  while (true) {
    const std::size_t bytes_before = input_.size();
    char* to = input_.Extend(kReceiveBytes);
    const auto received = io::Receive(socket_.get(), {to, kReceiveBytes});
    input_.Truncate(bytes_before + (received ? received->bytes : 0));
    if (!received) return received.error();
    switch (received->outcome) {
      case io::TransferOutcome::kBytes: return Ok();
      case io::TransferOutcome::kEnd:
        return Error{.code = ErrorCode::kIo, .context = "the server closed the connection"};
      case io::TransferOutcome::kWouldBlock: KVS_TRY(io::WaitReadable(socket_.get(), deadline)); break;
    }
  }
}

Error KvsClient::Impl::Die(Error error) {
  socket_.Close();
  input_ = {};
  return error;
}

Result<KvsClient> KvsClient::Connect(const Address& address, const ClientOptions& options) {
  KVS_TRY_ASSIGN(io::UniqueFd socket, io::Connect(address, std::chrono::steady_clock::now() + options.connect_timeout));
  return KvsClient(std::make_unique<Impl>(std::move(socket), options));
}

KvsClient::KvsClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KvsClient::KvsClient(KvsClient&&) noexcept = default;
KvsClient& KvsClient::operator=(KvsClient&&) noexcept = default;
KvsClient::~KvsClient() = default;

Status KvsClient::Set(std::string_view key, std::string_view value) {
  KVS_TRY(impl_->Call({.opcode = Opcode::kSet, .key = key, .value = value}));
  return Ok();
}

Result<std::optional<std::string>> KvsClient::Get(std::string_view key) {
  return impl_->Call({.opcode = Opcode::kGet, .key = key});
}

Status KvsClient::Remove(std::string_view key) {
  KVS_TRY(impl_->Call({.opcode = Opcode::kRemove, .key = key}));
  return Ok();
}

Status KvsClient::Ping() {
  KVS_TRY(impl_->Call({.opcode = Opcode::kPing}));
  return Ok();
}

Status KvsClient::Sync() {
  KVS_TRY(impl_->Call({.opcode = Opcode::kSync}));
  return Ok();
}

}  // namespace kvs
