// A whole frame of the native protocol. The client sends key and value from where they are, and needs only its header.
#pragma once

#include <string>

#include "protocol/frame_encoder.h"
#include "protocol/request.h"

namespace kvs::test {

inline std::string RequestFrame(const protocol::Request& request) {
  const auto header = protocol::EncodeRequestHeader(request);
  return std::string(header.data(), header.size()) + std::string(request.key) + std::string(request.value);
}

}  // namespace kvs::test
