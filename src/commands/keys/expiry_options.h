// ExpiryOptions: the EX, PX, EXAT and PXAT of SET and GETEX, of which there may be one, or one word instead of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/letters.h"
#include "commands/table/command.h"
#include "commands/table/parsing.h"

namespace kvs::server {

class ExpiryOptions {
 public:
  // Takes the option at `*at`, and steps over its value. `keeper`: the word that may replace a time. False:
  // it is none of these, or does not go with those before it.
  bool Take(std::span<const std::string_view> arguments, std::size_t* at, std::string_view keeper) {
    const std::string_view word = arguments[*at];
    if (base::IsWord(word, keeper)) {
      if (has_time()) return false;
      keeps_ = true;
      return true;
    }
    const Form form = FormOf(word);
    if (form == Form::kNone || keeps_ || (has_time() && form != form_) || *at + 1 >= arguments.size()) return false;
    form_ = form;
    time_ = arguments[++*at];
    return true;
  }

  bool is_empty() const { return !keeps_ && !has_time(); }
  bool keeps() const { return keeps_; }  // The word was given.
  bool has_time() const { return form_ != Form::kNone; }

  // nullopt: `call` has been answered with the error.
  std::optional<Expiry> ReadTimeOf(Call& call) const {
    const bool is_seconds = form_ == Form::kEx || form_ == Form::kExAt;
    const auto unit = is_seconds ? TimeUnit::kSeconds : TimeUnit::kMilliseconds;
    const bool is_from_now = form_ == Form::kEx || form_ == Form::kPx;
    const TimeBase base = is_from_now ? TimeBase::kNow : TimeBase::k1970;
    const auto time = ReadTime(call, time_, unit, base, Past::kRefused);
    return time ? std::optional(ExpiryAt(*time, base)) : std::nullopt;
  }

 private:
  enum class Form : std::uint8_t { kNone, kEx, kPx, kExAt, kPxAt };

  static Form FormOf(std::string_view word) {
    if (base::IsWord(word, "ex")) return Form::kEx;
    if (base::IsWord(word, "px")) return Form::kPx;
    if (base::IsWord(word, "exat")) return Form::kExAt;
    if (base::IsWord(word, "pxat")) return Form::kPxAt;
    return Form::kNone;
  }

  Form form_ = Form::kNone;
  bool keeps_ = false;
  std::string_view time_{};
};

}  // namespace kvs::server
