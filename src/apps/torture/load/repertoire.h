// The repertoire of a connection: the next command, its arguments, and the expected answer.
//
// Threads     Functions of their arguments alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "apps/torture/load/ledger.h"
#include "apps/torture/load/settlement.h"
#include "base/random.h"

namespace kvs::torture {

enum class Mode : std::uint8_t {
  kMixed,
  kGrow,    // Large values, until the disk is full.
  kShrink,  // Removals.
};

Operation ChooseOperation(Ledger& ledger, base::Random& random, Mode mode);

// Appends the commands of `operation`, which was not yet sent.
void AppendRequest(const Ledger& ledger, const Operation& operation, std::string& request);

// The error in a reply, also in one of EXEC, which is refused as a whole; nullopt: there is none.
std::optional<std::string_view> RefusalIn(std::string_view reply);

// The fault of `reply`, the last one to `operation`, which is the first in flight; nullopt: none.
std::optional<Violation> CheckReply(const Ledger& ledger, const Operation& operation, std::string_view reply);

}  // namespace kvs::torture
