#include "commands/administration/info.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/letters.h"
#include "commands/administration/figure_table.h"

namespace kvs::server {
namespace {

// As Redis writes sizes for people.
std::string BytesText(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGTP";
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1'024 && unit + 1 < kUnits.size(); ++unit) size /= 1'024;
  return (unit == 0 ? std::to_string(bytes) : figures::FigureValue(size, 2).Text()) + kUnits[unit];
}

void AddLine(std::string_view name, std::string_view value, std::string* text) {
  *text += name;
  *text += ':';
  *text += value;
  *text += "\r\n";
}

std::string SectionText(Call& call, const InfoSection& section) {
  std::string text = "# " + std::string(section.title) + "\r\n";
  for (const InfoField& field : ReadSection(call, section.name)) {
    if (!field.value.is_there()) continue;
    AddLine(field.name, field.value.Text(), &text);
    if (field.spec->is_also_human) AddLine(field.name + "_human", BytesText(field.value.Integer()), &text);
  }
  return text;
}

constexpr auto kSections = std::to_array<InfoSection>({{"server", "Server"},
                                                       {"clients", "Clients"},
                                                       {"memory", "Memory"},
                                                       {"persistence", "Persistence"},
                                                       {"stats", "Stats"},
                                                       {"replication", "Replication"},
                                                       {"cpu", "CPU"},
                                                       {"commandstats", "Commandstats", false},
                                                       {"errorstats", "Errorstats"},
                                                       {"latencystats", "Latencystats", false},
                                                       {"cluster", "Cluster"},
                                                       {"keyspace", "Keyspace"},
                                                       {"kvs", "Kvs"}});

bool IsAskedFor(const Call& call, const InfoSection& section) {
  if (call.size() == 1) return section.is_default;
  const auto asked = call.arguments.subspan(1);
  return std::any_of(asked.begin(), asked.end(), [&](std::string_view word) {
    return base::IsWord(word, section.name) || base::IsWord(word, "all") || base::IsWord(word, "everything") ||
           (section.is_default && base::IsWord(word, "default"));
  });
}

}  // namespace

std::span<const InfoSection> InfoSections() { return kSections; }

void Info(Call& call) {
  std::string text;
  for (const InfoSection& section : kSections) {
    if (!IsAskedFor(call, section)) continue;
    if (!text.empty()) text += "\r\n";
    text += SectionText(call, section);
  }
  call.reply.Verbatim(text);
}

}  // namespace kvs::server
