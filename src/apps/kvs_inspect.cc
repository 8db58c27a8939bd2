// kvs-inspect: shows what is in a store's files and checks every byte of them. It changes nothing.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/process.h"
#include "apps/table.h"
#include "kvs/inspect.h"
#include "kvs/salvage.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

constexpr const char* kFooter =
    "A store is a log of records in segment files. The newest record of a key counts, and compaction drops the "
    "others.\n"
    "A segment is open while it may be appended to, and then sealed. Every byte of a sealed segment must be right.\n"
    "An open one ends with its last whole record. Bytes that a crash left after that are a torn tail. The next "
    "opening\n"
    "cuts it off and keeps it in a file of its own. A bad record that no crash explains is damage. Such a record is\n"
    "below the synced mark, or whole records follow it without a missing sector between.\n\n"
    "Examples:\n"
    "  kvs-inspect data                  how full each segment is, and how much of it is live\n"
    "  kvs-inspect data verify           checks every byte; the store must not be in use\n"
    "  kvs-inspect data records 12       the records of 000000000012.seg, in order\n"
    "  kvs-inspect data salvage data2    what is readable of a damaged store, to a new one\n\n"
    "The command may also come before the directory: kvs-inspect verify data.\n\n"
    "Exit codes: 0 success and no damage, 1 damage or an error, 2 a wrong command line.";

constexpr std::size_t kKeyCharactersMax = 60;

// --- Printing ---

std::string Number(std::uint64_t number) { return std::to_string(number); }

// Printable characters as they are, other bytes as \xNN. A long key is truncated.
std::string Printable(std::string_view key) {
  std::string text = "\"";
  for (const char c : key) {
    if (text.size() > kKeyCharactersMax) return text + "\"... (" + Number(key.size()) + " bytes)";
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\') {
      text += c;
    } else {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned>(byte));
      text += escaped;
    }
  }
  return text + '"';
}

std::string Share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : Number(part * 100 / whole) + "%";
}

std::string Sequences(const SegmentInspection& segment) {
  if (segment.records == 0) return "-";
  return Number(segment.sequence_min) + ".." + Number(segment.sequence_max);
}

std::string_view HintWord(const SegmentInspection& segment) {
  switch (segment.hint) {
    case HintState::kNone: return "no";
    case HintState::kUsable: return "yes";
    case HintState::kUnusable: return "unusable";
  }
  return "";
}

void PrintSavedIndex(const SavedIndexInspection& index) {
  switch (index.state) {
    case SavedIndexState::kNone: std::cout << "no saved index\n"; return;
    case SavedIndexState::kUsable:
      std::cout << "saved index of " << index.bytes << " bytes: " << index.keys << " keys, up to sequence "
                << index.sequence << '\n';
      return;
    case SavedIndexState::kUnusable:
      std::cout << "the saved index is unusable; the next opening builds another\n";
      return;
  }
}

void PrintKeptFiles(const StoreInspection& store) {
  for (const std::string& name : store.kept_files) {
    std::cout << name << " was kept by an opening and is not part of the store; remove it when you no longer need it\n";
  }
}

// Reports unreadable segments and returns the exit code.
int ReportProblems(const StoreInspection& store) {
  int exit_code = kExitOk;
  for (const SegmentInspection& segment : store.segments) {
    if (segment.problem.empty()) continue;
    std::cerr << segment.problem << '\n';
    exit_code = kExitError;
  }
  return exit_code;
}

// --- Commands ---

int ShowSegments(const std::string& directory) {
  const auto store = InspectStore(directory);
  if (!store) return Report(store.error());
  Table table;
  table.Add(
      {"id", "state", "bytes", "used", "synced", "records", "tombstones", "live", "live share", "sequences", "hint"});
  std::uint64_t bytes = 0;
  std::uint64_t live_bytes = 0;
  for (const SegmentInspection& s : store->segments) {
    bytes += s.file_bytes + s.hint_bytes;
    live_bytes += s.live_bytes;
    const std::string state = !s.problem.empty() ? "unreadable" : s.is_sealed ? "sealed" : "open";
    table.Add({Number(s.id), state, Number(s.file_bytes), Number(s.used_bytes), Number(s.synced_bytes),
               Number(s.records), Number(s.tombstones), Number(s.live_records), Share(s.live_bytes, s.file_bytes),
               Sequences(s), std::string(HintWord(s))});
  }
  table.Print();
  std::cout << '\n'
            << store->keys << " keys, " << live_bytes << " bytes of " << bytes << " are needed ("
            << Share(live_bytes, bytes) << ")\n";
  PrintSavedIndex(store->saved_index);
  PrintKeptFiles(*store);
  return ReportProblems(*store);
}

int ShowManifest(const std::string& directory) {
  const auto store = InspectStore(directory);
  if (!store) return Report(store.error());
  std::cout << "next segment id  " << store->next_segment_id << "\nsequence         " << store->sequence << "\n\n";
  Table table;
  table.Add({"id", "state", "created at sequence"});
  for (const SegmentInspection& s : store->segments) {
    table.Add({Number(s.id), s.is_sealed ? "sealed" : "open", Number(s.created_sequence)});
  }
  table.Print();
  for (const std::string& name : store->unnamed_files) {
    std::cout << name << " is not part of the store; the next opening removes it, or sets it aside\n";
  }
  PrintKeptFiles(*store);
  return ReportProblems(*store);
}

int ShowHints(const std::string& directory) {
  const auto store = InspectStore(directory);
  if (!store) return Report(store.error());
  Table table;
  table.Add({"id", "hint", "hint bytes", "segment bytes", "share", "records"});
  for (const SegmentInspection& s : store->segments) {
    if (!s.is_sealed) continue;
    table.Add({Number(s.id), std::string(HintWord(s)), Number(s.hint_bytes), Number(s.file_bytes),
               Share(s.hint_bytes, s.file_bytes), Number(s.records)});
  }
  table.Print();
  return ReportProblems(*store);
}

int Verify(const std::string& directory) {
  const auto report =
      VerifyStore(directory, [](const Error& damage) { std::cout << "damaged: " << damage.context << '\n'; });
  if (!report) return Report(report.error());
  std::cout << "checked " << report->segments << " segments, " << report->records << " records, " << report->bytes
            << " bytes\n";
  if (report->torn_tail_bytes > 0) {
    std::cout << "torn tail of " << report->torn_tail_bytes << " bytes, which the next opening cuts off\n";
  }
  if (report->damages == 0) {
    std::cout << "nothing is damaged\n";
    return kExitOk;
  }
  std::cout << report->damages << (report->damages == 1 ? " place is" : " places are") << " damaged\n";
  return kExitError;
}

int Salvage(const std::string& directory, const std::string& to) {
  const auto report = SalvageStore(directory, to, [](const LostPart& part) { std::cout << part.ToString() << '\n'; });
  if (!report) return Report(report.error());
  std::cout << report->keys << " keys of " << report->records << " records in " << report->segments
            << " segments are in " << to << '\n';
  if (report->lost_parts == 0) return kExitOk;
  std::cout
      << report->lost_parts << (report->lost_parts == 1 ? " part" : " parts") << " of " << report->lost_bytes
      << " bytes could not be read. A key whose newest record was there is missing, has an older value, or is back "
         "after its removal.\n";
  return kExitError;
}

std::string_view KindWord(const RecordInspection& record) {
  switch (record.kind) {
    case RecordKind::kPut: return "put";
    case RecordKind::kTombstone: return "tombstone";
    case RecordKind::kBatch: return "batch";
  }
  return "";
}

int ShowRecords(const std::string& directory, std::uint64_t segment_id) {
  std::printf("%12s  %12s  %-10s  %12s  %s\n", "offset", "sequence", "kind", "value bytes", "key");
  const Status status = VisitRecords(directory, segment_id, [](const RecordInspection& record) {
    const std::string kind = (record.is_in_batch ? " " : "") + std::string(KindWord(record));
    std::printf("%12s  %12s  %-10s  %12s  ", Number(record.offset).c_str(), Number(record.sequence).c_str(),
                kind.c_str(), Number(record.value_bytes).c_str());
    std::printf("%s", record.kind == RecordKind::kBatch ? "" : Printable(record.key).c_str());
    if (record.expiry_ms != 0) std::printf("  expires at %s ms", Number(record.expiry_ms).c_str());
    if (record.expiry_ms.kind() == ExpiryKind::kSpan) std::printf(" by the clock of spans");
    return std::putchar('\n') != EOF;
  });
  std::fflush(stdout);
  return status ? kExitOk : Report(status.error());
}

// --- The command line ---

// The arguments in reverse, as CLI::App takes them, with the directory before a command that came first.
std::vector<std::string> ArgumentsOf(const CLI::App& app, int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  const auto is_first = [&](const CLI::App* command) { return !words.empty() && command->get_name() == words[0]; };
  const bool has_directory = words.size() >= 2 && !words[1].starts_with('-');
  if (has_directory && !app.get_subcommands(is_first).empty()) std::swap(words[0], words[1]);
  std::reverse(words.begin(), words.end());
  return words;
}

struct CommandLine {
  std::string directory;
  std::uint64_t segment_id = 0;
  std::string to;
};

void AddCommands(CLI::App& app, CommandLine* line) {
  AddCommand(app, "segments", "How full each segment is, and how much of it is live (the default)");
  AddCommand(app, "manifest", "The contents of the manifest, and files that are not in it");
  AddCommand(app, "hints", "The sealed segments with a hint file, and its size");
  AddCommand(app, "verify", "Check every byte of every file; prints file and offset of damage");
  AddCommand(app, "records", "The records of one segment, in the order they were written")
      ->add_option("SEGMENT", line->segment_id, "The id of the segment")
      ->required()
      ->type_name("");
  AddCommand(app, "salvage", "Write all that is readable to a new store, and print what is not")
      ->add_option("TO", line->to, "The directory of the new store; it is absent or empty")
      ->required()
      ->type_name("");
}

int Main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("kvs-inspect: shows what is in the files of a store, and checks them. It changes nothing.",
               "kvs-inspect");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-inspect ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_option("DIR", line.directory, "The directory of the store")->required()->type_name("");
  app.require_subcommand(0, 1);
  AddCommands(app, &line);
  const auto exit_code = ParseOrExit(app, [&] { app.parse(ArgumentsOf(app, argc, argv)); });
  if (exit_code) return *exit_code;
  if (app.got_subcommand("manifest")) return ShowManifest(line.directory);
  if (app.got_subcommand("hints")) return ShowHints(line.directory);
  if (app.got_subcommand("verify")) return Verify(line.directory);
  if (app.got_subcommand("records")) return ShowRecords(line.directory, line.segment_id);
  if (app.got_subcommand("salvage")) return Salvage(line.directory, line.to);
  return ShowSegments(line.directory);
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) {
  kvs::apps::PrepareProcess();
  return kvs::apps::FinishOutput(kvs::apps::Main(argc, argv));
}
