#include "protocol/resp_writer.h"

#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/decimal.h"

namespace kvs::protocol {

void RespWriter::Header(char type, std::int64_t number) {
  const base::DecimalText digits(number);
  const std::string_view text = digits.view();
  char* to = out_->Extend(1 + text.size() + 2);
  *to++ = type;
  std::memcpy(to, text.data(), text.size());
  std::memcpy(to + text.size(), "\r\n", 2);
}

void RespWriter::Line(char type, std::string_view text) {
  char* to = out_->Extend(1 + text.size() + 2);
  *to++ = type;
  for (const char c : text) *to++ = c == '\r' || c == '\n' ? ' ' : c;
  std::memcpy(to, "\r\n", 2);
}

void RespWriter::Bulk(std::string_view bytes) {
  const base::DecimalText digits(static_cast<std::uint64_t>(bytes.size()));
  const std::string_view length = digits.view();
  char* to = out_->Extend(1 + length.size() + 2 + bytes.size() + 2);
  *to++ = '$';
  std::memcpy(to, length.data(), length.size());
  to += length.size();
  std::memcpy(to, "\r\n", 2);
  to += 2;
  if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  std::memcpy(to + bytes.size(), "\r\n", 2);
}

void RespWriter::Verbatim(std::string_view text) {
  if (version_ == 2) {
    Bulk(text);
    return;
  }
  Header('=', static_cast<std::int64_t>(text.size() + 4));
  out_->Append("txt:");
  out_->Append(text);
  out_->Append("\r\n");
}

void RespWriter::Double(double number) {
  char text[64];
  int bytes = 0;
  if (std::isinf(number)) {
    bytes = std::snprintf(text, sizeof text, "%s", number > 0 ? "inf" : "-inf");
  } else {
    bytes = std::snprintf(text, sizeof text, "%.17g", number);
  }
  const std::string_view digits(text, static_cast<std::size_t>(bytes));
  if (version_ == 2) {
    Bulk(digits);
  } else {
    Line(',', digits);
  }
}

void RespWriter::Bool(bool value) {
  if (version_ == 2) {
    Integer(value ? 1 : 0);
  } else {
    out_->Append(value ? "#t\r\n" : "#f\r\n");
  }
}

}  // namespace kvs::protocol
