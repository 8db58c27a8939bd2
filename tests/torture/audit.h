// Audit: reads every key of a ledger, by GET and by KEYS, and settles what was in flight.
//
// Threads     The ledger does not change meanwhile.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "torture/ledger.h"
#include "torture/link.h"
#include "torture/report.h"
#include "torture/settlement.h"

namespace kvs::torture {

// What was found, for Ledger::Adopt(); what should not be so goes to `report`. nullopt: the connection has ended.
std::optional<std::vector<State>> Audit(Link& link, const Ledger& ledger, Rule rule, const std::atomic<bool>& gives_up,
                                        Report& report);

}  // namespace kvs::torture
