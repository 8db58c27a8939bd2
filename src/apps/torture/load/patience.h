// Await: waits for an event in another process or thread that gives no notice, by asking again and again.
#pragma once

#include <chrono>

#include "kvs/function_ref.h"

namespace kvs::torture {

// False: it was not so within `patience`.
bool Await(FunctionRef<bool()> is_so, std::chrono::milliseconds patience);

}  // namespace kvs::torture
