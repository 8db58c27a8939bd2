#include "commands/administration/info_records.h"

#include <array>
#include <string_view>

#include "commands/table/command_table.h"
#include "kvs/function_ref.h"
#include "service/service_figure_table.h"

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::FigureSpec;
using figures::FigureValue;

using Fields = std::vector<InfoField>;

void ForEachCommand(Call& call, FunctionRef<void(std::string_view name, const CommandStats::Totals& totals)> visit) {
  for (std::size_t number = 0; number < Commands().size(); ++number) {
    visit(Commands().OfNumber(number).full_name, call.server.stats.commands.Of(number));
  }
}

// The name of a record with `part` in place of <part>.
void Add(const FigureSpec& spec, std::string_view part, std::string_view text, Fields* fields) {
  const std::string name = std::string(spec.name.substr(0, spec.name.find('<'))) + std::string(part);
  fields->push_back({.spec = &spec, .name = name, .value = text});
}

void ReadCommandStats(Call& call, const FigureSpec& spec, Fields* fields) {
  ForEachCommand(call, [&](std::string_view name, const CommandStats::Totals& totals) {
    if (totals.calls == 0 && totals.rejected == 0) return;
    const double us = static_cast<double>(totals.ns) / 1'000;
    const double us_per_call = totals.calls == 0 ? 0 : us / static_cast<double>(totals.calls);
    Add(spec, name,
        "calls=" + std::to_string(totals.calls) + ",usec=" + std::to_string(totals.ns / 1'000) +
            ",usec_per_call=" + FigureValue(us_per_call, 2).Text() +
            ",rejected_calls=" + std::to_string(totals.rejected) + ",failed_calls=" + std::to_string(totals.failed),
        fields);
  });
}

void ReadErrorStats(Call& call, const FigureSpec& spec, Fields* fields) {
  for (const auto& [kind, replies] : call.server.stats.error_kinds()) {
    Add(spec, kind, "count=" + std::to_string(replies), fields);
  }
}

void ReadLatencyStats(Call& call, const FigureSpec& spec, Fields* fields) {
  ForEachCommand(call, [&](std::string_view name, const CommandStats::Totals& totals) {
    if (totals.durations.Sum() == 0) return;
    const auto us = [&](double percent) {
      return FigureValue(totals.durations.PercentileNs(percent) / 1'000, 3).Text();
    };
    Add(spec, name, "p50=" + us(50) + ",p99=" + us(99) + ",p99.9=" + us(99.9), fields);
  });
}

void ReadKeyspace(Call& call, const FigureSpec& spec, Fields* fields) {
  const Result<std::uint64_t> count = call.keys.Count();
  if (!count || *count == 0) return;
  const std::uint64_t expiring = ReadEngineFigures(call.server).expiring;
  Add(spec, "", "keys=" + std::to_string(*count) + ",expires=" + std::to_string(expiring), fields);
}

constexpr auto kRecords = std::to_array<InfoRecord>({
    {{.name = "cmdstat_<command>",
      .kind = FigureKind::kRecord,
      .section = "commandstats",
      .place = 1,
      .is_reset = true,
      .help = "How often a command ran, how long all runs and one run took in us, and how many were refused or failed"},
     ReadCommandStats},
    {{.name = "errorstat_<kind>",
      .kind = FigureKind::kRecord,
      .section = "errorstats",
      .place = 1,
      .is_reset = true,
      .help = "Error replies with this first word"},
     ReadErrorStats},
    {{.name = "latency_percentiles_usec_<command>",
      .kind = FigureKind::kRecord,
      .unit = "us",
      .section = "latencystats",
      .place = 1,
      .is_reset = true,
      .help = "Percentiles of the times that a command took, if latency-tracking is on"},
     ReadLatencyStats},
    {{.name = "db0",
      .kind = FigureKind::kRecord,
      .unit = "keys",
      .section = "keyspace",
      .place = 1,
      .help = "How many keys there are, and how many of them expire; left out if there are none"},
     ReadKeyspace},
});

}  // namespace

std::span<const InfoRecord> InfoRecords() { return kRecords; }

}  // namespace kvs::server
