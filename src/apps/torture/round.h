// Round: one store on one file system under load, which one event after the other hits.
//
// Design      Round starts, ends and restarts the server and keeps the files that a fault left. The events are in
//             events.cc. The seed determines the choice of events, and the machine their moments.
// Threads     One thread at a time.
#pragma once

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/torture/file_system.h"
#include "apps/torture/load/load.h"
#include "apps/torture/load/report.h"
#include "apps/torture/victim.h"
#include "base/random.h"

namespace kvs::torture {

struct RoundOptions {
  std::string server_program;
  std::string inspect_program;
  std::string backup_program;
  std::filesystem::path scratch;         // For logs and copies; not on the file system of the store.
  std::filesystem::path kept;            // For stores that violated a promise.
  std::vector<std::string> arguments;    // Of the server.
  std::vector<std::string> event_names;  // The events to choose from.
  int connections = 6;
  std::uint32_t keys = 600;  // Of each connection.
  std::uint64_t seed = 0;
};

class Round {
 public:
  Round(RoundOptions options, FileSystem& file_system, Report& report, const std::atomic<bool>& is_interrupted);

  void Run(std::chrono::steady_clock::time_point deadline);

  // The names of all events, in the order of the table.
  static std::vector<std::string> EventNames();

 private:
  struct Event {
    const char* name;
    std::uint64_t weight;
    bool needs_mount;
    void (Round::*happen)();
  };
  static const std::vector<Event>& Events();
  const Event& ChooseEvent();

  // --- The events (events.cc) ---
  void Kill();
  void KillWhileStarting();
  void KillWhileCompacting();
  void KillWhileStopping();
  void KillWhileBackingUp();
  void Restart();
  void Copy();
  void FillDisk();
  void FillDiskByLoad();
  void EndOrCopyWhileFull();
  void FillDiskGreedily();
  void TakeInodes();
  void LimitFileSize();
  void StartWithFewDescriptors();
  void TakeDescriptors();

  void CheckCopy(std::vector<Ledger>& ledgers, Rule rule);
  void AuditCopy(const Address& address, std::vector<Ledger>& ledgers, Rule rule);
  void Verify(const std::filesystem::path& store, const std::string& which);
  void CheckBackups();  // All are whole, and the newest is restored.
  std::vector<Link> ConnectIdlers(int count) const;

  // --- The server ---
  // On the file system of the store only if that is not small.
  std::filesystem::path BackupsPath() const {
    return (file_system_.is_mounted() ? options_.scratch : file_system_.store_path().parent_path()) / "backups";
  }
  std::vector<std::string> Arguments() const;
  void Start(std::optional<rlim_t> descriptors_max = std::nullopt);
  void StartAnew();
  void End(int signal);
  void AwaitLoading();
  void Supervise();  // Notices failures without an event.
  void Finish();

  void BeginShortage(bool removals_may_fail);
  // The shortage is over: the server must accept writes by itself.
  void EndShortage();
  void CheckLog();  // A shortage is logged when it begins and when it ends, not with each refused write.
  bool Resumes();

  void Linger(std::uint64_t ms_min, std::uint64_t ms_max);
  void SetMode(Mode mode) { load_.conditions().mode.store(mode, std::memory_order_relaxed); }  // R1 of Conditions.
  bool CopyDirectory(const std::filesystem::path& from, const std::filesystem::path& to) const;
  void Keep();

  // Constant after construction.
  const RoundOptions options_;
  FileSystem& file_system_;
  Report& report_;
  const std::atomic<bool>& is_interrupted_;

  base::Random random_;
  Victim victim_;
  Load load_;
  Address address_;
  bool is_over_ = false;           // Not even a new store can be opened.
  std::uint64_t faults_kept_ = 0;  // How many there were when Keep() was called last.
  int stores_kept_ = 0;
  std::uint64_t log_bytes_before_ = 0;  // Before the shortage.
};

}  // namespace kvs::torture
