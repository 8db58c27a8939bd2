#include "commands/administration/figure_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "commands/administration/process_figure_table.h"
#include "net/net_figure_table.h"
#include "service/service_figure_table.h"

namespace kvs::server {
namespace {

// How the table of one module is listed and read.
struct Module {
  void (*list)(std::vector<const figures::FigureSpec*>* specs);
  void (*read)(Call& call, std::string_view section, std::vector<InfoField>* fields);
};

// kTable: returns the rows. kSource: makes from a Call what they read.
template <auto kTable, auto kSource>
constexpr Module ModuleOf() {
  return {.list =
              [](std::vector<const figures::FigureSpec*>* specs) {
                for (const auto& row : kTable()) specs->push_back(&row.spec);
              },
          .read =
              [](Call& call, std::string_view section, std::vector<InfoField>* fields) {
                const auto rows = kTable();
                const auto is_of_section = [&](const auto& row) { return row.spec.section == section; };
                if (std::none_of(rows.begin(), rows.end(), is_of_section)) return;
                const auto& source = kSource(call);
                for (const auto& row : rows) {
                  if (!is_of_section(row)) continue;
                  fields->push_back({.spec = &row.spec, .name = std::string(row.spec.name), .value = row.read(source)});
                }
              }};
}

void ListRecords(std::vector<const figures::FigureSpec*>* specs) {
  for (const InfoRecord& record : InfoRecords()) specs->push_back(&record.spec);
}

void ReadRecords(Call& call, std::string_view section, std::vector<InfoField>* fields) {
  for (const InfoRecord& record : InfoRecords()) {
    if (record.spec.section == section) record.read(call, record.spec, fields);
  }
}

constexpr auto kModules = std::to_array<Module>({
    ModuleOf<FactTable, [](Call& call) -> const ServerState& { return call.server; }>(),
    ModuleOf<MemoryFigureTable, [](Call& call) { return ReadMemoryFigures(call.server); }>(),
    ModuleOf<CpuFigureTable, [](Call&) { return ReadCpuFigures(); }>(),
    ModuleOf<NetFigureTable, [](Call& call) -> const NetFigures& { return call.server.net; }>(),
    ModuleOf<ClientMemoryFigureTable, [](Call& call) -> const ClientMemory& { return call.server.client_memory; }>(),
    ModuleOf<ClientFigureTable, [](Call& call) { return ReadClientFigures(call.server); }>(),
    ModuleOf<CommandFigureTable, [](Call& call) { return ReadCommandFigures(call.server); }>(),
    ModuleOf<ObserverFigureTable, [](Call& call) { return ReadObserverFigures(call.server); }>(),
    ModuleOf<StoreFigureTable, [](Call& call) { return ReadStoreFigures(call.server); }>(),
    ModuleOf<EngineFigureTable, [](Call& call) { return ReadEngineFigures(call.server); }>(),
    Module{.list = ListRecords, .read = ReadRecords},
});

}  // namespace

std::vector<const figures::FigureSpec*> AllFigures() {
  std::vector<const figures::FigureSpec*> specs;
  for (const Module& module : kModules) module.list(&specs);
  return specs;
}

std::vector<InfoField> ReadSection(Call& call, std::string_view section) {
  std::vector<InfoField> fields;
  for (const Module& module : kModules) module.read(call, section, &fields);
  // Not std::stable_sort(): that of g++ 12 calls a function that clang reports as deprecated.
  std::multimap<int, InfoField> by_place;
  for (InfoField& field : fields) by_place.emplace(field.spec->place, std::move(field));
  fields.clear();
  for (auto& [place, field] : by_place) fields.push_back(std::move(field));
  return fields;
}

}  // namespace kvs::server
