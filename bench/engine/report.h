// The report, for people and as JSON: medians, their ratios to the best peer, and the targets.
#pragma once

#include <filesystem>

#include "plan.h"
#include "runner.h"

namespace kvs::bench {

void PrintReport(const Options& options, const Results& results);
void WriteJson(const std::filesystem::path& path, const Options& options, const Results& results);

}  // namespace kvs::bench
