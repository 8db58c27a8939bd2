#include "processor.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>
#include <string_view>

namespace kvs::bench {
namespace {

constexpr std::array<std::string_view, 6> kFlagsShown = {"sse4_2", "bmi2", "avx2", "avx512f", "avx512bw", "vaes"};

std::string WordIn(const std::filesystem::path& path) {
  std::string word;
  std::ifstream(path) >> word;
  return word;
}

ProcessorKind KindOf(std::string_view vendor) {
  if (vendor == "AuthenticAMD") return ProcessorKind::kAmd;
  if (vendor == "GenuineIntel") return ProcessorKind::kIntel;
  return ProcessorKind::kOther;
}

std::vector<std::string> FlagsIn(const std::string& words) {
  std::vector<std::string> flags;
  std::istringstream stream(words);
  for (std::string flag; stream >> flag;) {
    if (std::ranges::find(kFlagsShown, flag) != kFlagsShown.end()) flags.push_back(flag);
  }
  return flags;
}

void SetField(Processor& processor, const std::string& name, const std::string& value) {
  if (name == "vendor_id") processor.kind = KindOf(value);
  if (name == "model name") processor.name = value;
  if (name == "cpu family") std::istringstream(value) >> processor.family;
  if (name == "model") std::istringstream(value) >> processor.model;
  if (name == "flags") processor.flags = FlagsIn(value);
}

// The lines "name<tab>: value" of the first core; an empty line ends them.
void ReadCpuInfo(const std::filesystem::path& path, Processor& processor) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t name_end = line.find_last_not_of(" \t", colon == 0 ? 0 : colon - 1);
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    if (value == std::string::npos) continue;
    SetField(processor, line.substr(0, name_end + 1), line.substr(value));
  }
}

std::vector<std::string> ReadCaches(const std::filesystem::path& folder) {
  std::vector<std::string> caches;
  for (std::filesystem::path at; at = folder / ("index" + std::to_string(caches.size())), exists(at / "size");) {
    caches.push_back("L" + WordIn(at / "level") + " " + WordIn(at / "type") + " " + WordIn(at / "size"));
  }
  return caches;
}

void AppendList(std::string& text, const std::vector<std::string>& words, std::string_view before) {
  for (const std::string& word : words) {
    text += before;
    text += word;
  }
}

}  // namespace

std::string Processor::kind_name() const {
  switch (kind) {
    case ProcessorKind::kAmd: return "amd";
    case ProcessorKind::kIntel: return "intel";
    case ProcessorKind::kOther: return "other";
  }
  return "other";
}

std::string Processor::Describe() const {
  std::string text = name.empty() ? "unknown" : name;
  text += ", family " + std::to_string(family) + ", model " + std::to_string(model);
  AppendList(text, flags, " ");
  AppendList(text, caches, ", ");
  return text;
}

Processor ReadProcessor(const std::filesystem::path& root) {
  Processor processor;
  ReadCpuInfo(root / "proc/cpuinfo", processor);
  processor.caches = ReadCaches(root / "sys/devices/system/cpu/cpu0/cache");
  return processor;
}

}  // namespace kvs::bench
