// --addr, alike in every program.
#pragma once

#include <string>

#include "kvs/address.h"

namespace kvs::apps {

inline constexpr const char* kAddressForm = "IP:PORT";

// What is wrong with `text` as an address; empty: nothing. The form in which CLI11 takes a check.
inline std::string AddressProblem(const std::string& text) {
  const Result<Address> address = Address::Parse(text);
  return address ? "" : address.error().context;
}

}  // namespace kvs::apps
