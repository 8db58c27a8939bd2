// ServedConnection: a connection of a server without loops, for tests of its answers.
#pragma once

#include <memory>
#include <utility>

#include "net/connection.h"
#include "server/server_host.h"

namespace kvs::test {

struct HostHolder {
  server::ServerHost host;
};

class ServedConnection : private HostHolder, public server::Connection {
 public:
  // `state` outlives the connection.
  ServedConnection(server::ServerState& state, const server::ConnectionLimits& limits)
      : HostHolder{server::ServerHost(state)}, server::Connection(host, limits) {}
};

}  // namespace kvs::test
