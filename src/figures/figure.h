// Figure: a row of a module's table of figures: its name, what it means, and how it is read.
//
//   const auto rows = std::to_array<Figure<EngineStats>>(
//       {{{.name = "segments", .kind = FigureKind::kGauge, .unit = "segments", .help = "Files of the log"},
//         Of<&EngineStats::segments>}});
//
// Design      Each module has one table. INFO, KVS.STATS and docs/figures.md are printed from the tables, so a new
//             figure is one row. Counters stay where the module counts; a row only reads.
// Threads     Rows are constant. Reading one is as safe as what it calls.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

namespace kvs::figures {

enum class FigureKind : std::uint8_t {
  kCounter,  // Grows, until CONFIG RESETSTAT if its row says so.
  kGauge,    // What is so now.
  kFact,     // A text, or a number that does not change.
  kRecord,   // Several values in one field. The name holds a <part> if there are many such fields.
};

struct FigureSpec {
  std::string_view name;
  FigureKind kind;
  std::string_view unit{};       // "bytes"; empty: the figure is no amount.
  std::string_view section{};    // Of INFO; empty: none.
  int place = 0;                 // In the section. Rows of one place keep the order of their tables.
  bool is_reset = false;         // By CONFIG RESETSTAT.
  bool is_also_human = false;    // INFO has a second field, NAME_human: "1.50M".
  bool is_in_kvs_stats = false;  // KVS.STATS has it, too.
  std::string_view help{};       // One sentence.
};

// What a row has read.
class FigureValue {
 public:
  FigureValue() = default;  // Nothing: the field is left out.
  template <std::unsigned_integral Number>
  FigureValue(Number number) : value_(std::uint64_t{number}) {}
  template <std::signed_integral Number>
  FigureValue(Number number) : value_(std::int64_t{number}) {}
  FigureValue(double number, int decimals) : value_(Decimal{.number = number, .decimals = decimals}) {}
  template <std::convertible_to<std::string_view> Text>
  FigureValue(const Text& text) : value_(std::string(std::string_view(text))) {}

  bool is_there() const { return !std::holds_alternative<std::monostate>(value_); }
  // As INFO writes it.
  std::string Text() const;
  // Of an integer; otherwise the process ends.
  std::uint64_t Integer() const;

 private:
  struct Decimal {
    double number;
    int decimals;
  };
  std::variant<std::monostate, std::uint64_t, std::int64_t, Decimal, std::string> value_{};
};

template <class Source>
struct Figure {
  FigureSpec spec;
  FigureValue (*read)(const Source& source);
};

// Reads a member, or calls a function of the source without arguments.
template <auto kMember, class Source>
FigureValue Of(const Source& source) {
  return FigureValue(std::invoke(kMember, source));
}

}  // namespace kvs::figures
