// OrderedValues: replies with values in the order of their keys, even if an engine shows them in another.
//
// Design      The next value in order goes straight into the output. A value that comes early is held until then. An
//             engine that visits in order, as ours does, copies each value once.
// Limits      Beyond bytes_max nothing more is taken: is_full(), and replied() says how far it came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "protocol/resp_writer.h"

namespace kvs::server {

class OrderedValues {
 public:
  // `bytes_max` bounds the whole output, with what it holds already.
  OrderedValues(protocol::RespWriter& reply, std::size_t count, std::size_t bytes_max)
      : reply_(reply), count_(count), bytes_max_(bytes_max) {}

  void Take(std::size_t index, std::optional<std::string_view> value) {
    is_full_ = is_full_ || reply_.out().size() + held_bytes_ >= bytes_max_;
    if (is_full_) return;
    if (index != replied_) {
      Hold(index, value);
      return;
    }
    Reply(value);
    while (replied_ < held_.size() && held_[replied_].state != State::kUnknown) {
      const Held& next = held_[replied_];
      Reply(next.state == State::kValue ? std::optional<std::string_view>(next.value) : std::nullopt);
    }
  }

  bool is_full() const { return is_full_; }
  std::size_t replied() const { return replied_; }  // The number of keys, from the first on, that have a reply.
  std::size_t hits() const { return hits_; }

 private:
  enum class State : std::uint8_t { kUnknown, kAbsent, kValue };
  struct Held {
    State state = State::kUnknown;
    std::string value{};
  };

  void Hold(std::size_t index, std::optional<std::string_view> value) {
    held_.resize(count_);
    held_[index].state = value ? State::kValue : State::kAbsent;
    if (value) held_[index].value = *value;
    held_bytes_ += value ? value->size() : 0;
  }

  void Reply(std::optional<std::string_view> value) {
    ++replied_;
    hits_ += value ? 1 : 0;
    reply_.BulkOrNull(value);
  }

  protocol::RespWriter& reply_;
  const std::size_t count_;
  const std::size_t bytes_max_;
  std::vector<Held> held_;  // Empty until a value comes early.
  std::size_t held_bytes_ = 0;
  std::size_t replied_ = 0;
  std::size_t hits_ = 0;
  bool is_full_ = false;
};

}  // namespace kvs::server
