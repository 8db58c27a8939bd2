// LATENCY: when something took long, and how long commands take.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/letters.h"
#include "commands/table/command_table.h"

namespace kvs::server {
namespace {

LatencyMonitor& MonitorOf(Call& call) { return call.server.observation.latency; }

void Latest(Call& call) {
  const LatencyMonitor::Histories histories = MonitorOf(call).All();
  call.reply.Array(histories.size());
  for (const auto& [event, history] : histories) {
    call.reply.Array(4);
    call.reply.Bulk(event);
    call.reply.Integer(history.samples.back().time_s);
    call.reply.Integer(history.samples.back().milliseconds);
    call.reply.Integer(history.max_ms);
  }
}

void ReplyHistory(Call& call) {
  const LatencyMonitor::History history = MonitorOf(call).Of(call[2]);
  call.reply.Array(history.samples.size());
  for (const LatencyMonitor::Sample& sample : history.samples) {
    call.reply.Array(2);
    call.reply.Integer(sample.time_s);
    call.reply.Integer(sample.milliseconds);
  }
}

void Reset(Call& call) {
  std::size_t forgotten = 0;
  if (call.size() == 2) forgotten = MonitorOf(call).ForgetAll();
  for (const std::string_view event : call.arguments.subspan(2)) forgotten += MonitorOf(call).Forget(event) ? 1 : 0;
  call.reply.Integer(static_cast<std::int64_t>(forgotten));
}

// --- A picture of a history, as Redis draws it: a column for each sample, with its age below ---

constexpr std::size_t kColumns = 80;
constexpr std::size_t kGraphRows = 4;
constexpr std::string_view kHeights = "_o#";  // Of what a row shows; '|' below.

struct Column {
  std::int64_t height;  // In steps, of which each row has kHeights.size().
  std::string age;
};

std::string AgeText(std::int64_t seconds) {
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3'600) return std::to_string(seconds / 60) + "m";
  if (seconds < 86'400) return std::to_string(seconds / 3'600) + "h";
  return std::to_string(seconds / 86'400) + "d";
}

std::string Draw(std::span<const Column> columns) {
  constexpr auto kStepsOfRow = static_cast<std::int64_t>(kHeights.size());
  std::string picture;
  for (std::size_t row = 0; row < kGraphRows; ++row) {
    const std::int64_t below = static_cast<std::int64_t>(kGraphRows - row - 1) * kStepsOfRow;
    for (const Column& column : columns) {
      const std::int64_t step = column.height - below;
      picture += step < 0 ? ' ' : step >= kStepsOfRow ? '|' : kHeights[static_cast<std::size_t>(step)];
    }
    picture += '\n';
  }
  picture += std::string(columns.size(), ' ') + '\n';
  std::size_t age_rows = 0;
  for (const Column& column : columns) age_rows = std::max(age_rows, column.age.size());
  for (std::size_t row = 0; row < age_rows; ++row) {
    for (const Column& column : columns) picture += row < column.age.size() ? column.age[row] : ' ';
    picture += '\n';
  }
  return picture;
}

void Graph(Call& call) {
  const LatencyMonitor::History history = MonitorOf(call).Of(call[2]);
  if (history.samples.empty()) {
    call.Fail("ERR No samples available for event '" + std::string(call[2]) + "'");
    return;
  }
  const auto [low, high] =
      std::minmax_element(history.samples.begin(), history.samples.end(),
                          [](const auto& a, const auto& b) { return a.milliseconds < b.milliseconds; });
  const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  const std::int64_t now_s = std::chrono::duration_cast<std::chrono::seconds>(since_1970).count();
  constexpr auto kSteps = static_cast<std::int64_t>(kGraphRows * kHeights.size());
  const std::int64_t range = std::max<std::int64_t>(high->milliseconds - low->milliseconds, 1);
  std::vector<Column> columns;
  for (const LatencyMonitor::Sample& sample : history.samples) {
    const std::int64_t height = (sample.milliseconds - low->milliseconds) * kSteps / range;
    columns.push_back({.height = std::min(height, kSteps - 1), .age = AgeText(now_s - sample.time_s)});
  }
  std::string text = std::string(call[2]) + " - high " + std::to_string(high->milliseconds) + " ms, low " +
                     std::to_string(low->milliseconds) + " ms (all time high " + std::to_string(history.max_ms) +
                     " ms)\n" + std::string(kColumns, '-') + "\n";
  for (std::size_t first = 0; first < columns.size(); first += kColumns) {
    if (first > 0) text += '\n';
    text += Draw(std::span(columns).subspan(first, std::min(kColumns, columns.size() - first)));
  }
  call.reply.Verbatim(text);
}

void Doctor(Call& call) {
  const LatencyMonitor::Histories histories = MonitorOf(call).All();
  std::string text;
  if (MonitorOf(call).threshold_ms() == 0) {
    text = "Nothing is watched: CONFIG SET latency-monitor-threshold <milliseconds> has what takes so long noted.\n";
  }
  if (histories.empty() && text.empty()) {
    text = "Nothing took " + std::to_string(MonitorOf(call).threshold_ms()) + " ms or longer.\n";
  }
  for (const auto& [event, history] : histories) {
    std::int64_t sum_ms = 0;
    for (const LatencyMonitor::Sample& sample : history.samples) sum_ms += sample.milliseconds;
    const auto seconds = static_cast<std::int64_t>(history.samples.size());
    text += event + ": in " + std::to_string(seconds) + " seconds it took long, on average " +
            std::to_string(sum_ms / seconds) + " ms, at worst " + std::to_string(history.max_ms) + " ms.\n";
  }
  if (!histories.empty()) text += "SLOWLOG GET names the commands, from slowlog-log-slower-than microseconds on.\n";
  call.reply.Verbatim(text);
}

// --- HISTOGRAM ---

// Powers of two from 1,024 ns to 1.07 s, and what is longer is counted there as well.
constexpr std::size_t kShownBuckets = 21;

// The greatest time of a bucket, as Redis's histograms of two significant digits give it.
constexpr std::uint64_t ShownUs(std::size_t bucket) {
  const std::uint64_t power = std::uint64_t{1'024} << bucket;
  return (power + power / 128 - 1) / 1'000;
}

std::array<std::uint64_t, kShownBuckets> ShownCounts(const DurationHistogram& durations) {
  std::array<std::uint64_t, kShownBuckets> counts{};
  std::size_t shown = 0;
  for (std::size_t i = 0; i < DurationHistogram::kBuckets; ++i) {
    while (shown + 1 < kShownBuckets && DurationHistogram::UpperBoundNs(i) > (std::uint64_t{1'024} << shown)) ++shown;
    counts[shown] += durations.counts[i];
  }
  return counts;
}

void ReplyHistogram(protocol::RespWriter& reply, std::string_view name, const DurationHistogram& durations) {
  const auto counts = ShownCounts(durations);
  reply.Bulk(name);
  reply.Map(2);
  reply.Bulk("calls");
  reply.Integer(static_cast<std::int64_t>(durations.Sum()));
  reply.Bulk("histogram_usec");
  const auto empty = std::count(counts.begin(), counts.end(), std::uint64_t{0});
  reply.Map(counts.size() - static_cast<std::size_t>(empty));
  std::uint64_t calls = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    calls += counts[i];
    reply.Integer(static_cast<std::int64_t>(ShownUs(i)));
    reply.Integer(static_cast<std::int64_t>(calls));
  }
}

// The name of a container stands for its subcommands.
bool IsAskedFor(const Call& call, std::string_view name) {
  const auto asked = call.arguments.subspan(2);
  return asked.empty() || std::any_of(asked.begin(), asked.end(), [&](std::string_view word) {
           return base::IsWord(word, name) || base::IsWord(word, name.substr(0, name.find('|')));
         });
}

void ReplyHistograms(Call& call) {
  std::map<std::string_view, DurationHistogram> histograms;
  for (std::size_t number = 0; number < Commands().size(); ++number) {
    const std::string_view name = Commands().OfNumber(number).full_name;
    if (!IsAskedFor(call, name)) continue;
    const DurationHistogram durations = call.server.stats.commands.Of(number).durations;
    if (durations.Sum() > 0) histograms.emplace(name, durations);
  }
  call.reply.Map(histograms.size());
  for (const auto& [name, durations] : histograms) ReplyHistogram(call.reply, name, durations);
}

constexpr CommandSpec OfLatency(CommandSpec row) {
  row.group = "server";
  row.since = row.since.empty() ? "2.8.13" : row.since;
  if (row.flags == 0 && row.handler != nullptr) row.flags = kAdmin | kDangerous | kNoScript | kLoading | kStale;
  if (row.complexity.empty()) row.complexity = "O(1)";
  return Row(row);
}

constexpr auto kSubcommands = std::to_array<CommandSpec>({
    OfLatency({.full_name = "latency|doctor",
               .handler = Doctor,
               .arity = 2,
               .summary = "Says in sentences what took long",
               .differences = "Its words are its own."}),
    OfLatency({.full_name = "latency|graph",
               .handler = Graph,
               .arity = 3,
               .summary = "Draws how long an event took",
               .usage = "event"}),
    OfLatency({.full_name = "latency|help",
               .handler = ReplyHelp,
               .arity = 2,
               .flags = kLoading | kStale,
               .summary = "Prints this help"}),
    OfLatency({.full_name = "latency|histogram",
               .handler = ReplyHistograms,
               .arity = -2,
               .since = "7.0.0",
               .complexity = "O(N) in the commands",
               .summary = "Tells how long commands have taken",
               .usage = "[command [command ...]]",
               .differences = "Commands that came together are timed together: each counts as an equal part."}),
    OfLatency({.full_name = "latency|history",
               .handler = ReplyHistory,
               .arity = 3,
               .summary = "Tells how long an event took, at each of its latest seconds",
               .usage = "event",
               .differences = "The events are command, fast-command and aof-fsync-always. From "
                              "latency-monitor-threshold 10 on, times are those of the kernel's ticks."}),
    OfLatency({.full_name = "latency|latest",
               .handler = Latest,
               .arity = 2,
               .summary = "Tells how long each event took the last time"}),
    OfLatency({.full_name = "latency|reset",
               .handler = Reset,
               .arity = -2,
               .summary = "Forgets events",
               .usage = "[event [event ...]]"}),
});

constexpr auto kRows = std::to_array<CommandSpec>({
    OfLatency({.full_name = "latency",
               .arity = -2,
               .complexity = "Depends on the subcommand",
               .summary = "A container of commands about what takes long",
               .subcommands = kSubcommands}),
});

}  // namespace

std::span<const CommandSpec> LatencyCommands() { return kRows; }

}  // namespace kvs::server
