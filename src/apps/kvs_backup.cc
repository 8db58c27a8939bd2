// kvs-backup: makes backups of a store, checks, compares and restores them.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apps/backup_client.h"
#include "apps/commands.h"
#include "apps/exit_codes.h"
#include "apps/process.h"
#include "apps/table.h"
#include "base/try.h"
#include "kvs/address.h"
#include "kvs/backup.h"
#include "kvs/inspect.h"
#include "kvs/kv_store.h"
#include "kvs/version.h"

namespace kvs::apps {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFooter =
    "A directory of backups has one directory for each: 000001, 000002. Each is a whole store of its own. The file\n"
    "BACKUP in it lists the SHA-256 of each file, so `sha256sum -c BACKUP` checks it too. Backups on the disk of the\n"
    "store share its sealed segments; only elsewhere do they survive that disk.\n\n"
    "Examples:\n"
    "  kvs-backup create /var/backups/kvs                  of the server at 127.0.0.1:4000, while it serves\n"
    "  kvs-backup create --dir data /var/backups/kvs       of a store that no server has open\n"
    "  kvs-backup list /var/backups/kvs\n"
    "  kvs-backup verify /var/backups/kvs                  reads every byte of every backup\n"
    "  kvs-backup diff /var/backups/kvs/000001 /var/backups/kvs/000002\n"
    "  kvs-backup restore /var/backups/kvs data-of-yesterday --at 1234\n"
    "  kvs-backup prune /var/backups/kvs --keep 7\n\n"
    "A server makes backups only in the directory of its setting backup-dir, and below it. If it has a password, the\n"
    "environment variable KVS_PASSWORD gives it.\n\n"
    "Exit codes: 0 success, and no difference; 1 damage, a difference, or an error; 2 a wrong command line.";

// --- Printing ---

std::string Time(std::int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm parts{};
  char text[32] = "";
  if (::gmtime_r(&time, &parts) != nullptr) std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

void Print(std::string_view done, const BackupInfo& backup) {
  std::cout << backup.directory.string() << ' ' << done << ": sequence " << backup.sequence << ", " << backup.files
            << " files, " << backup.bytes << " bytes, root " << backup.root << '\n';
}

// One line on a terminal, which each call writes over; nothing elsewhere.
bool ShowProgress(const BackupProgress& progress) {
  if (::isatty(STDERR_FILENO) == 0) return true;
  constexpr std::uint64_t kMegabyte = 1'000'000;
  const bool is_over = progress.done_bytes >= progress.total_bytes;
  std::fprintf(stderr, "\r%llu of %llu MB%s", static_cast<unsigned long long>(progress.done_bytes / kMegabyte),
               static_cast<unsigned long long>(progress.total_bytes / kMegabyte), is_over ? "\n" : "");
  return true;
}

BackupOptions Options(std::uint64_t bytes_per_second) {
  return {.bytes_per_second = bytes_per_second, .progress = ShowProgress};
}

// --- Commands ---

// The opening of a store would make one where there is none.
Result<BackupInfo> CreateFromDirectory(const std::string& directory, const fs::path& to, std::uint64_t rate) {
  const auto inspected = InspectStore(directory);
  if (!inspected && inspected.error().code == ErrorCode::kInvalidArgument) return inspected.error();
  KVS_TRY_ASSIGN(const auto store, KvStore::Open(directory));
  return store->Backup(to, Options(rate));
}

int Create(const std::optional<std::string>& directory, const Address& address, const std::string& to,
           std::uint64_t rate) {
  const auto backup = directory ? CreateFromDirectory(*directory, to, rate)
                                : CreateByServer(address, fs::absolute(to), rate, ShowProgress);
  if (!backup) return Report(backup.error());
  Print("made", *backup);
  return kExitOk;
}

int List(const std::string& in) {
  const auto backups = FindBackups(in);
  if (!backups) return Report(backups.error());
  int exit_code = kExitOk;
  Table table;
  table.Add({"number", "created", "sequence", "files", "bytes", "root"});
  for (const fs::path& directory : *backups) {
    const auto backup = ReadBackup(directory);
    if (!backup) {
      exit_code = Report(backup.error());
      continue;
    }
    table.Add({std::to_string(backup->number), Time(backup->created_s), std::to_string(backup->sequence),
               std::to_string(backup->files), std::to_string(backup->bytes), backup->root});
  }
  table.Print();
  return exit_code;
}

// One backup, or all of a directory of backups. Damage to one does not end the check of the others.
int Verify(const std::string& path, std::uint64_t rate) {
  std::vector<fs::path> chosen = {path};
  if (!fs::exists(fs::path(path) / "BACKUP")) {
    const auto all = FindBackups(path);
    if (!all) return Report(all.error());
    if (all->empty()) return Report({.code = ErrorCode::kInvalidArgument, .context = path + " holds no backup"});
    chosen = *all;
  }
  int exit_code = kExitOk;
  for (const fs::path& backup : chosen) {
    const auto verified = VerifyBackup(backup, Options(rate));
    if (verified) Print("is whole", *verified);
    if (!verified) exit_code = Report(verified.error());
  }
  return exit_code;
}

int Diff(const std::string& a, const std::string& b) {
  const auto difference = DiffBackups(a, b);
  if (!difference) return Report(difference.error());
  for (const std::string& name : difference->only_a) std::cout << "- " << name << '\n';
  for (const std::string& name : difference->only_b) std::cout << "+ " << name << '\n';
  return difference->only_a.empty() && difference->only_b.empty() ? kExitOk : kExitError;
}

int Restore(const std::string& from, const std::string& directory, std::optional<std::uint64_t> sequence,
            std::uint64_t rate) {
  const auto restored = RestoreBackup(from, directory, sequence, Options(rate));
  if (!restored) return Report(restored.error());
  Print("restored to " + directory, *restored);
  return kExitOk;
}

int Prune(const std::string& in, std::uint64_t kept) {
  const auto removed = PruneBackups(in, kept);
  if (!removed) return Report(removed.error());
  std::cout << *removed << " removed\n";
  return kExitOk;
}

// --- The command line ---

void AddPath(CLI::App* command, const std::string& name, std::string* path, const std::string& help) {
  command->add_option(name, *path, help)->required()->type_name("");
}

// Each command sets what it takes, and the call that it is.
struct CommandLine {
  std::string a;  // The first path.
  std::string b;  // The second path.
  Address address{};
  std::optional<std::string> directory;
  std::optional<std::uint64_t> sequence;
  std::uint64_t rate = 0;
  std::uint64_t kept = 0;
  std::function<int()> call;
};

void AddRate(CLI::App* command, CommandLine* line) {
  command->add_option("--rate", line->rate, "The most to read in a second, as 50mb; 0: no limit")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("BYTES");
}

void AddCreate(CLI::App& app, CommandLine* line) {
  CLI::App* const create = AddCommand(app, "create", "Make the next backup");
  const auto parse = [line](const std::string& text) {
    const auto address = Address::Parse(text);
    if (address) line->address = *address;
    return address ? "" : address.error().context;
  };
  CLI::Option* const by_server = create->add_option("--addr", "The server of the store [127.0.0.1:4000]")
                                     ->check(CLI::Validator(parse, ""))
                                     ->type_name("IP:PORT");
  create->add_option("--dir", line->directory, "The directory of a store that no server has open")
      ->type_name("DIR")
      ->excludes(by_server);
  AddRate(create, line);
  AddPath(create, "TO", &line->a, "The directory of backups; it is created if it is absent");
  create->callback(
      [line] { line->call = [line] { return Create(line->directory, line->address, line->a, line->rate); }; });
}

void AddChecks(CLI::App& app, CommandLine* line) {
  CLI::App* const list = AddCommand(app, "list", "The backups in a directory, the oldest first");
  AddPath(list, "TO", &line->a, "The directory of backups");
  list->callback([line] { line->call = [line] { return List(line->a); }; });

  CLI::App* const verify = AddCommand(app, "verify", "Check every byte of one backup, or of all");
  AddPath(verify, "PATH", &line->a, "A backup, or the directory of backups");
  AddRate(verify, line);
  verify->callback([line] { line->call = [line] { return Verify(line->a, line->rate); }; });

  CLI::App* const diff = AddCommand(app, "diff", "The files that only one of two backups has");
  AddPath(diff, "A", &line->a, "A backup");
  AddPath(diff, "B", &line->b, "Another backup");
  diff->callback([line] { line->call = [line] { return Diff(line->a, line->b); }; });
}

void AddRestore(CLI::App& app, CommandLine* line) {
  CLI::App* const restore = AddCommand(app, "restore", "Copy a backup to a new directory, and check it on the way");
  AddPath(restore, "FROM", &line->a, "The directory of backups");
  AddPath(restore, "DIR", &line->b, "The directory of the new store; it is absent or empty");
  restore->add_option("--at", line->sequence, "The sequence of the backup to take; otherwise the newest")
      ->type_name("SEQUENCE");
  AddRate(restore, line);
  restore->callback([line] { line->call = [line] { return Restore(line->a, line->b, line->sequence, line->rate); }; });
}

void AddPrune(CLI::App& app, CommandLine* line) {
  CLI::App* const prune = AddCommand(app, "prune", "Remove the oldest backups");
  AddPath(prune, "TO", &line->a, "The directory of backups");
  prune->add_option("--keep", line->kept, "How many to keep, at least 1")->required()->type_name("N");
  prune->callback([line] { line->call = [line] { return Prune(line->a, line->kept); }; });
}

int Main(int argc, char** argv) {
  CommandLine line;
  CLI::App app("kvs-backup: makes backups of a store, checks, compares and restores them.", "kvs-backup");
  app.footer(kFooter);
  app.set_version_flag("-V,--version", std::string("kvs-backup ") + kVersion, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this and exit");
  app.require_subcommand(1);
  AddCreate(app, &line);
  AddChecks(app, &line);
  AddRestore(app, &line);
  AddPrune(app, &line);
  const auto exit_code = ParseOrExit(app, [&] { app.parse(argc, argv); });
  if (exit_code) return *exit_code;
  return line.call();
}

}  // namespace
}  // namespace kvs::apps

int main(int argc, char** argv) {
  kvs::apps::PrepareProcess();
  return kvs::apps::FinishOutput(kvs::apps::Main(argc, argv));
}
