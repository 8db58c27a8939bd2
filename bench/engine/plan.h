// The plan of a run: its steps, their order, and the time they will take.
//
// Design      Each round visits every engine once, so that a noisy minute hits all of them. An engine is loaded as
//             often as its part of the time allows, and its first data set stays open for all rounds of reads. The
//             steps that a row needs are always done. Rounds after the second are left out if time runs short.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "engine.h"

namespace kvs::bench {

struct Options {
  std::vector<std::string> engines{};
  std::vector<std::string> workloads{};  // Empty: all.
  std::filesystem::path directory{};
  std::filesystem::path json{};
  std::uint64_t keys = 10'000'000;
  std::size_t value_bytes = 100;
  unsigned rounds = 5;
  double seconds = 0.5;          // Of a point workload, in each round.
  std::uint64_t operations = 0;  // If not 0, of each of its threads, in place of the time.
  double load_seconds = 80;      // That an engine may spend on loading the large data set, in all rounds.
  double minutes = 28;           // For all of it.
  bool is_quick = false;

  bool Wants(const std::string& workload) const;
};

enum class Action {
  kStart,      // A worker for `engine` on `directory`, emptied before if `is_fresh`.
  kRun,        // `command`, to the worker.
  kEnd,        // The worker closes its store and goes.
  kCrash,      // `command`, to the worker, which does not survive it.
  kDropIndex,  // Removes the files that can be rebuilt from the data: saved indexes and hint files.
  kWipe,       // The directory goes.
};

struct Step {
  Action action = Action::kRun;
  std::string data_set{};  // "10M x 100 B"
  std::string engine{};
  std::string slot{};  // Which worker: data set, engine, and a number if there are several.
  std::string command{};
  std::string record{};  // The workload that the answer's figures belong to; empty: none.
  Settings settings{};   // Of kStart.
  bool is_fresh = true;
  double expected_seconds = 0;
  unsigned group = 0;     // The steps of one round of one part have a number in common.
  bool is_spare = false;  // The group may be left out, whole.
};

std::vector<Step> MakePlan(const Options& options);

// "10M", "1k", "64": short and exact.
std::string ShortNumber(std::uint64_t number);

}  // namespace kvs::bench
