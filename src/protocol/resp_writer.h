// RespWriter: appends the replies of RESP to a buffer, in version 2 or 3, whichever the client has asked for.
//
// Design      What version 2 has no type for is written as Redis writes it: a map as a flat array, a set as an array,
//             a double and a verbatim text as a bulk, a boolean as 0 or 1, a null as a bulk or array of length -1.
// Threads     One thread at a time.
// Limits      Lines (simple strings and errors) carry no line breaks: those become spaces.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/byte_buffer.h"

namespace kvs::protocol {

class RespWriter {
 public:
  // `out` outlives the writer.
  explicit RespWriter(base::ByteBuffer* out) : out_(out) {}

  int version() const { return version_; }
  void set_version(int version) { version_ = version; }

  void Simple(std::string_view text) { Line('+', text); }
  void Ok() { out_->Append("+OK\r\n"); }
  // `text` begins with its code: "ERR syntax error".
  void Error(std::string_view text) { Line('-', text); }
  void Integer(std::int64_t number) { Header(':', number); }
  void Bulk(std::string_view bytes);
  // nullopt: Null().
  template <class Bytes>
  void BulkOrNull(const std::optional<Bytes>& bytes) {
    if (bytes) {
      Bulk(*bytes);
    } else {
      Null();
    }
  }
  void Verbatim(std::string_view text);  // Text for a person, told apart from data in version 3.
  void Double(double number);
  void Bool(bool value);
  void Null() { out_->Append(version_ == 2 ? "$-1\r\n" : "_\r\n"); }
  void NullArray() { out_->Append(version_ == 2 ? "*-1\r\n" : "_\r\n"); }

  // Each is followed by its elements; Map() by so many keys, each with its value.
  void Array(std::size_t count) { Header('*', static_cast<std::int64_t>(count)); }
  void Map(std::size_t count) {
    Header(version_ == 2 ? '*' : '%', static_cast<std::int64_t>(version_ == 2 ? 2 * count : count));
  }
  void Set(std::size_t count) { Header(version_ == 2 ? '*' : '~', static_cast<std::int64_t>(count)); }
  void Push(std::size_t count) { Header(version_ == 2 ? '*' : '>', static_cast<std::int64_t>(count)); }

  base::ByteBuffer& out() { return *out_; }

 private:
  void Header(char type, std::int64_t number);
  void Line(char type, std::string_view text);

  base::ByteBuffer* out_;
  int version_ = 2;
};

}  // namespace kvs::protocol
