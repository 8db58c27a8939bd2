#include "wire.h"

#include <algorithm>

#include "pairs.h"

namespace kvs::bench {
namespace {

using Verdict = Answer::Verdict;

// An answer without a value must be `expected`.
Answer ReadFixed(std::string_view input, std::string_view expected) {
  const std::size_t bytes = std::min(input.size(), expected.size());
  if (input.substr(0, bytes) != expected.substr(0, bytes)) return {Verdict::kWrong};
  if (bytes < expected.size()) return {Verdict::kTooShort};
  return {Verdict::kRight, bytes};
}

// An answer with a value must be `head`, the value of pair `number`, `tail`.
Answer ReadValue(std::string_view input, std::string_view head, std::size_t value_bytes, std::string_view tail,
                 std::uint64_t number, ValueCheck check) {
  if (const Answer answer = ReadFixed(input, head); answer.verdict != Verdict::kRight) return answer;
  const std::size_t bytes = head.size() + value_bytes + tail.size();
  if (input.size() < bytes) return {Verdict::kTooShort};
  if (input.substr(head.size() + value_bytes, tail.size()) != tail) return {Verdict::kWrong};
  if (check == ValueCheck::kWhole && !IsValueOf(number, input.substr(head.size(), value_bytes))) {
    return {Verdict::kWrong};
  }
  return {Verdict::kRight, bytes};
}

class RespWire final : public Wire {
 public:
  RespWire(std::size_t value_bytes, ValueCheck check)
      : value_bytes_(value_bytes), check_(check), value_head_("$" + std::to_string(value_bytes) + "\r\n") {}

  void Encode(std::span<Request> requests, std::string* out) const override {
    for (const Request& request : requests) {
      const bool is_get = request.operation == Operation::kGet;
      out->append(is_get ? "*2\r\n$3\r\nGET\r\n$16\r\n" : "*3\r\n$3\r\nSET\r\n$16\r\n");
      AppendKey(request.number, out);
      out->append("\r\n");
      if (is_get) continue;
      out->append(value_head_);
      AppendValue(request.number, value_bytes_, out);
      out->append("\r\n");
    }
  }

  Answer Read(const Request& request, std::string_view input) const override {
    if (request.operation == Operation::kSet) return ReadFixed(input, "+OK\r\n");
    return ReadValue(input, value_head_, value_bytes_, "\r\n", request.number, check_);
  }

 private:
  const std::size_t value_bytes_;
  const ValueCheck check_;
  const std::string value_head_;
};

static_assert(kPairKeyBytes == 16, "the requests above say so");

class MemcachedWire final : public Wire {
 public:
  MemcachedWire(std::size_t value_bytes, ValueCheck check, GetForm form)
      : value_bytes_(value_bytes),
        check_(check),
        form_(form),
        head_end_(" 0 " + std::to_string(value_bytes) + "\r\n") {}

  void Encode(std::span<Request> requests, std::string* out) const override {
    bool is_in_get = false;
    for (std::size_t i = 0; i < requests.size(); ++i) {
      Request& request = requests[i];
      if (request.operation == Operation::kSet) {
        out->append("set ");
        AppendKey(request.number, out);
        out->append(" 0").append(head_end_);
        AppendValue(request.number, value_bytes_, out);
        out->append("\r\n");
        continue;
      }
      out->append(is_in_get ? " " : "get ");
      AppendKey(request.number, out);
      const bool is_last = i + 1 == requests.size() || requests[i + 1].operation == Operation::kSet;
      request.ends_group = is_last || form_ == GetForm::kOneKeyEach;
      is_in_get = !request.ends_group;
      if (request.ends_group) out->append("\r\n");
    }
  }

  Answer Read(const Request& request, std::string_view input) const override {
    if (request.operation == Operation::kSet) return ReadFixed(input, "STORED\r\n");
    std::string head = "VALUE ";
    AppendKey(request.number, &head);
    head += head_end_;
    return ReadValue(input, head, value_bytes_, request.ends_group ? "\r\nEND\r\n" : "\r\n", request.number, check_);
  }

 private:
  const std::size_t value_bytes_;
  const ValueCheck check_;
  const GetForm form_;
  const std::string head_end_;
};

}  // namespace

std::unique_ptr<Wire> MakeRespWire(std::size_t value_bytes, ValueCheck check) {
  return std::make_unique<RespWire>(value_bytes, check);
}

std::unique_ptr<Wire> MakeMemcachedWire(std::size_t value_bytes, ValueCheck check, GetForm form) {
  return std::make_unique<MemcachedWire>(value_bytes, check, form);
}

}  // namespace kvs::bench
