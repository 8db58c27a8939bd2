// The place of a bit in a string, as commands are given it: bit 0 is the highest of byte 0.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "commands/table/command.h"

namespace kvs::server {

// A bit that a value may have. nullopt: `call` has been answered with the error.
std::optional<std::uint64_t> ReadBitOffset(Call& call, std::string_view text);

// The same, or "#N": N times `bits` bits.
std::optional<std::uint64_t> ReadFieldOffset(Call& call, std::string_view text, unsigned bits);

}  // namespace kvs::server
