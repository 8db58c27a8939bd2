#include "observers/observer_figure_table.h"

#include <array>

namespace kvs::server {
namespace {

using figures::FigureKind;
using figures::FigureValue;
using figures::Of;

constexpr auto kRows = std::to_array<figures::Figure<ObserverFigures>>({
    {{.name = "tracking_clients",
      .kind = FigureKind::kGauge,
      .unit = "clients",
      .section = "clients",
      .place = 4,
      .help = "Clients that have CLIENT TRACKING on"},
     [](const ObserverFigures& figures) -> FigureValue { return figures.tracking.clients; }},
    {{.name = "pubsub_channels",
      .kind = FigureKind::kGauge,
      .unit = "channels",
      .section = "stats",
      .place = 14,
      .help = "Channels that have subscribers"},
     Of<&ObserverFigures::channels>},
    {{.name = "pubsub_patterns",
      .kind = FigureKind::kGauge,
      .unit = "patterns",
      .section = "stats",
      .place = 15,
      .help = "Patterns of channels that have subscribers"},
     Of<&ObserverFigures::patterns>},
    {{.name = "pubsubshard_channels",
      .kind = FigureKind::kGauge,
      .unit = "channels",
      .section = "stats",
      .place = 16,
      .help = "Shard channels that have subscribers"},
     Of<&ObserverFigures::shard_channels>},
    {{.name = "tracking_total_keys",
      .kind = FigureKind::kGauge,
      .unit = "keys",
      .section = "stats",
      .place = 17,
      .help = "Keys that CLIENT TRACKING remembers"},
     [](const ObserverFigures& figures) -> FigureValue { return figures.tracking.keys; }},
    {{.name = "tracking_total_items",
      .kind = FigureKind::kGauge,
      .unit = "pairs",
      .section = "stats",
      .place = 18,
      .help = "Pairs of a remembered key and a client that has read it"},
     [](const ObserverFigures& figures) -> FigureValue { return figures.tracking.items; }},
    {{.name = "tracking_total_prefixes",
      .kind = FigureKind::kGauge,
      .unit = "prefixes",
      .section = "stats",
      .place = 19,
      .help = "Prefixes of keys that clients track in broadcasting mode"},
     [](const ObserverFigures& figures) -> FigureValue { return figures.tracking.prefixes; }},
});

}  // namespace

ObserverFigures ReadObserverFigures(const Tracking& tracking, const PubSub& pub_sub) {
  return {.tracking = tracking.counts(),
          .channels = pub_sub.CountNames(Subscription::kChannel),
          .patterns = pub_sub.CountNames(Subscription::kPattern),
          .shard_channels = pub_sub.CountNames(Subscription::kShardChannel)};
}

std::span<const figures::Figure<ObserverFigures>> ObserverFigureTable() { return kRows; }

}  // namespace kvs::server
