// Audit: reads every key of a ledger, by GET and by KEYS, and settles the operations in flight.
//
// Threads     The ledger must not change during an audit.
#pragma once

#include <atomic>
#include <optional>
#include <vector>

#include "apps/torture/load/ledger.h"
#include "apps/torture/load/link.h"
#include "apps/torture/load/report.h"
#include "apps/torture/load/settlement.h"

namespace kvs::torture {

// The findings, for Ledger::Adopt(); violations go to `report`. nullopt: the connection has ended.
std::optional<std::vector<State>> Audit(Link& link, const Ledger& ledger, Rule rule, const std::atomic<bool>& gives_up,
                                        Report& report);

}  // namespace kvs::torture
