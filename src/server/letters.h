// The server's names for what base/letters.h has.
#pragma once

#include "base/letters.h"

namespace kvs::server {

using base::IsWord;
using base::Lowered;
using base::ToLower;
using base::ToUpper;
using base::Uppered;
using base::UpToZero;

}  // namespace kvs::server
