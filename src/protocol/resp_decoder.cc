#include "protocol/resp_decoder.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/decimal.h"

namespace kvs::protocol {
namespace {

// A decoder that has seen a command of very many arguments does not hold their room forever.
constexpr std::size_t kKeptArgumentsMax = 1'024;
constexpr std::size_t kKeptWordsBytesMax = 1'024;

constexpr std::int64_t kWholeArgumentsMax = 16;

bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char Unescape(char c) {
  switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
  }
}

// What nearly all lines are: a type byte, a number of few digits, CRLF; answers how many bytes the line has. 0: it is
// something else, or not all there.
std::size_t ReadShortLine(std::string_view line, std::int64_t* number) {
  constexpr std::size_t kDigitsMax = 7;
  std::int64_t value = 0;
  std::size_t at = 1;
  while (at < line.size() && at <= kDigitsMax && line[at] >= '0' && line[at] <= '9')
    value = value * 10 + line[at++] - '0';
  if (at == 1 || (line[1] == '0' && at > 2)) return 0;
  if (line.size() < at + 2 || line[at] != '\r' || line[at + 1] != '\n') return 0;
  *number = value;
  return at + 2;
}

// Reads the bulk string at `at`, of common form and all there. Returns the offset after it; 0: there is none.
inline std::size_t ReadBulk(std::string_view input, std::size_t at, std::string_view* bulk) {
  std::int64_t length = 0;
  const std::size_t header = at < input.size() && input[at] == '$' ? ReadShortLine(input.substr(at), &length) : 0;
  if (header == 0) return 0;
  at += header;
  const auto bytes = static_cast<std::size_t>(length);
  if (input.size() - at < bytes + 2 || input[at + bytes] != '\r' || input[at + bytes + 1] != '\n') return 0;
  *bulk = {input.data() + at, bytes};
  return at + bytes + 2;
}

}  // namespace

std::string_view PeekRespKey(std::string_view input) {
  std::int64_t count = 0;
  std::size_t at = input.starts_with('*') ? ReadShortLine(input, &count) : 0;
  if (at == 0 || count < 2) return {};
  std::string_view bulk;
  at = ReadBulk(input, at, &bulk);  // The name.
  return at != 0 && ReadBulk(input, at, &bulk) != 0 ? bulk : std::string_view();
}

RespDecoded RespDecoder::Decode(std::string_view input) {
  if (is_dead_) return {.status = RespStatus::kViolation, .complaint = complaint_};
  if (at_ == 0) {
    if (input.empty()) return {.status = RespStatus::kNeedMore};
    if (input.front() != '*') return DecodeInline(input);
    if (const std::size_t bytes = DecodeWhole(input); bytes != 0) [[likely]] {
      return {.status = RespStatus::kCommand, .consumed_bytes = bytes};
    }
  }
  return DecodeCommand(input);
}

// What nearly all commands are: all there, of few arguments and within the limits. Answers how many bytes it has. 0: it
// is something else, which DecodeCommand() finds out, step by step.
std::size_t RespDecoder::DecodeWhole(std::string_view input) {
  std::int64_t count = 0;
  std::size_t at = ReadShortLine(input, &count);
  if (at == 0 || count == 0 || count > kWholeArgumentsMax || is_unauthenticated_) return 0;
  arguments_.clear();
  for (; count > 0; --count) {
    std::string_view bulk;
    at = ReadBulk(input, at, &bulk);
    if (at == 0 || bulk.size() > limits_.bulk_bytes_max) return 0;
    arguments_.push_back(bulk);
  }
  return at + arguments_.size() * sizeof(Slice) <= limits_.command_bytes_max ? at : 0;
}

RespDecoded RespDecoder::DecodeCommand(std::string_view input) {
  if (bulks_left_ == 0) {
    std::int64_t count = 0;
    switch (ReadNumberLine(input, &count)) {
      case Line::kNumber: break;
      case Line::kPartial: return {.status = RespStatus::kNeedMore};
      case Line::kTooLong: return Refuse("too big mbulk count string");
      case Line::kMalformed: return Refuse("invalid multibulk length");
    }
    if (count > kRespArgumentsMax) return Refuse("invalid multibulk length");
    if (is_unauthenticated_ && count > kRespUnauthenticatedArgumentsMax)
      return Refuse("unauthenticated multibulk length");
    if (count <= 0) return Finish(input.data());
    bulks_left_ = count;
  }
  return DecodeBulks(input);
}

RespDecoded RespDecoder::DecodeBulks(std::string_view input) {
  for (; bulks_left_ > 0; --bulks_left_) {
    if (bulk_bytes_ < 0) {
      if (at_ == input.size()) return {.status = RespStatus::kNeedMore};
      if (input[at_] != '$') return Refuse(std::string("expected '$', got '") + input[at_] + "'");
      std::int64_t bytes = 0;
      switch (ReadNumberLine(input, &bytes)) {
        case Line::kNumber: break;
        case Line::kPartial: return {.status = RespStatus::kNeedMore};
        case Line::kTooLong: return Refuse("too big bulk count string");
        case Line::kMalformed: return Refuse("invalid bulk length");
      }
      if (bytes < 0 || bytes > static_cast<std::int64_t>(limits_.bulk_bytes_max)) return Refuse("invalid bulk length");
      if (is_unauthenticated_ && bytes > kRespUnauthenticatedBulkBytesMax) return Refuse("unauthenticated bulk length");
      // An argument costs its bytes and its slice: so many empty ones, too, come to the limit.
      const std::size_t cost = at_ + static_cast<std::size_t>(bytes) + slices_.size() * sizeof(Slice);
      if (is_unauthenticated_ && cost > kRespUnauthenticatedCommandBytesMax)
        return Refuse("unauthenticated command length");
      if (cost > limits_.command_bytes_max) return Refuse("the command is larger than this server is set to take");
      bulk_bytes_ = bytes;
    }
    const auto bytes = static_cast<std::size_t>(bulk_bytes_);
    if (input.size() - at_ < bytes + 2) return {.status = RespStatus::kNeedMore};
    if (input[at_ + bytes] != '\r' || input[at_ + bytes + 1] != '\n') return Refuse("expected CRLF behind a bulk");
    slices_.push_back({.offset = at_, .bytes = bytes});
    at_ += bytes + 2;
    bulk_bytes_ = -1;
  }
  return Finish(input.data());
}

// Reads the line at `at_`: a type byte, a number, CRLF; and steps over it.
RespDecoder::Line RespDecoder::ReadNumberLine(std::string_view input, std::int64_t* number) {
  const std::string_view rest = input.substr(at_);
  if (const std::size_t bytes = ReadShortLine(rest, number); bytes != 0) [[likely]] {
    at_ += bytes;
    return Line::kNumber;
  }
  const auto* end =
      static_cast<const char*>(std::memchr(rest.data(), '\r', std::min(rest.size(), kRespInlineBytesMax)));
  if (end == nullptr) return rest.size() >= kRespInlineBytesMax ? Line::kTooLong : Line::kPartial;
  const auto line_bytes = static_cast<std::size_t>(end - rest.data());
  if (rest.size() < line_bytes + 2) return Line::kPartial;
  const auto parsed = base::ParseDecimal(rest.substr(1, line_bytes - 1));
  if (!parsed || rest[line_bytes + 1] != '\n') return Line::kMalformed;
  *number = *parsed;
  at_ += line_bytes + 2;
  return Line::kNumber;
}

RespDecoded RespDecoder::DecodeInline(std::string_view input) {
  const auto* end =
      static_cast<const char*>(std::memchr(input.data(), '\n', std::min(input.size(), kRespInlineBytesMax + 1)));
  if (end == nullptr) {
    if (input.size() > kRespInlineBytesMax) return Refuse("too big inline request");
    return {.status = RespStatus::kNeedMore};
  }
  const auto line_bytes = static_cast<std::size_t>(end - input.data());
  std::string_view line = input.substr(0, line_bytes);
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!SplitInline(line)) return Refuse("unbalanced quotes in request");
  at_ = line_bytes + 1;
  return Finish(words_.data());
}

// Cuts `line` into slices_ of words_. False: a quote is not closed, or not followed by a space.
bool RespDecoder::SplitInline(std::string_view line) {
  if (words_.capacity() > kKeptWordsBytesMax) words_ = {};
  words_.clear();
  std::size_t at = 0;
  while (true) {
    while (at < line.size() && IsSpace(line[at])) ++at;
    if (at == line.size()) return true;
    const std::size_t begin = words_.size();
    while (at < line.size() && !IsSpace(line[at])) {
      if (line[at] == '"' || line[at] == '\'') {
        if (!ReadQuoted(line, &at)) return false;
        break;
      }
      words_ += line[at++];
    }
    slices_.push_back({.offset = begin, .bytes = words_.size() - begin});
  }
}

// Reads from the quote at `*at` to behind the one that closes it.
bool RespDecoder::ReadQuoted(std::string_view line, std::size_t* at) {
  const char quote = line[(*at)++];
  while (*at < line.size() && line[*at] != quote) {
    const std::string_view rest = line.substr(*at);
    if (quote == '"' && rest.size() >= 4 && rest.starts_with("\\x") && HexDigit(rest[2]) >= 0 &&
        HexDigit(rest[3]) >= 0) {
      words_ += static_cast<char>(HexDigit(rest[2]) * 16 + HexDigit(rest[3]));
      *at += 4;
    } else if (quote == '"' && rest.size() >= 2 && rest.front() == '\\') {
      words_ += Unescape(rest[1]);
      *at += 2;
    } else if (quote == '\'' && rest.starts_with("\\'")) {
      words_ += '\'';
      *at += 2;
    } else {
      words_ += rest.front();
      ++*at;
    }
  }
  if (*at == line.size()) return false;
  ++*at;
  return *at == line.size() || IsSpace(line[*at]);
}

RespDecoded RespDecoder::Finish(const char* base) {
  arguments_.clear();
  if (arguments_.capacity() > kKeptArgumentsMax) arguments_ = {};
  for (const Slice& slice : slices_) arguments_.emplace_back(base + slice.offset, slice.bytes);
  slices_.clear();
  if (slices_.capacity() > kKeptArgumentsMax) slices_ = {};
  return {.status = RespStatus::kCommand, .consumed_bytes = std::exchange(at_, 0)};
}

void RespDecoder::Forget() {
  is_dead_ = false;
  at_ = 0;
  bulks_left_ = 0;
  bulk_bytes_ = -1;
  slices_.clear();
}

RespDecoded RespDecoder::Refuse(std::string complaint) {
  is_dead_ = true;
  complaint_ = "Protocol error: " + std::move(complaint);
  return {.status = RespStatus::kViolation, .complaint = complaint_};
}

}  // namespace kvs::protocol
