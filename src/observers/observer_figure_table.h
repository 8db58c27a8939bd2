// The figures of the observers: tracked keys and subscriptions.
#pragma once

#include <cstddef>
#include <span>

#include "figures/figure.h"
#include "observers/pub_sub.h"
#include "observers/tracking.h"

namespace kvs::server {

struct ObserverFigures {
  Tracking::Counts tracking;
  std::size_t channels;
  std::size_t patterns;
  std::size_t shard_channels;
};

ObserverFigures ReadObserverFigures(const Tracking& tracking, const PubSub& pub_sub);
std::span<const figures::Figure<ObserverFigures>> ObserverFigureTable();

}  // namespace kvs::server
