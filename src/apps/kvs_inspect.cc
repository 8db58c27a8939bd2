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

#include "apps/exit_codes.h"
#include "apps/process.h"
#include "apps/table.h"
#include "kvs/inspect.h"
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
    "  kvs-inspect data records 12       the records of 000000000012.seg, in order\n\n"
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

int Report(const Error& error) {
  std::cerr << error.ToString() << '\n';
  return kExitError;
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

CLI::App* AddCommand(CLI::App& app, const std::string& name, const std::string& help) {
  CLI::App* const command = app.add_subcommand(name, help);
  command->set_help_flag("-h,--help", "Print this and exit");
  return command;
}

int Main(int argc, char** argv) {
  std::string directory;
  std::uint64_t segment_id = 0;
  CLI::App app("kvs-inspect: shows what is in the files of a store, and checks them. It changes nothing.",
               "kvs-inspect");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-inspect ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.add_option("DIR", directory, "The directory of the store")->required()->type_name("");
  app.require_subcommand(0, 1);
  AddCommand(app, "segments", "How full each segment is, and how much of it is live (the default)");
  const CLI::App* const manifest =
      AddCommand(app, "manifest", "The contents of the manifest, and files that are not in it");
  const CLI::App* const hints = AddCommand(app, "hints", "The sealed segments with a hint file, and its size");
  const CLI::App* const verify =
      AddCommand(app, "verify", "Check every byte of every file; prints file and offset of damage");
  CLI::App* const records = AddCommand(app, "records", "The records of one segment, in the order they were written");
  records->add_option("SEGMENT", segment_id, "The id of the segment")->required()->type_name("");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const bool is_asked_for = error.get_exit_code() == 0;  // --help or --version.
    const int exit_code = app.exit(error);
    return is_asked_for ? exit_code : kExitUsage;
  }
  if (manifest->parsed()) return ShowManifest(directory);
  if (hints->parsed()) return ShowHints(directory);
  if (verify->parsed()) return Verify(directory);
  if (records->parsed()) return ShowRecords(directory, segment_id);
  return ShowSegments(directory);
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) {
  kvs::apps::PrepareProcess();
  return kvs::apps::FinishOutput(kvs::apps::Main(argc, argv));
}
