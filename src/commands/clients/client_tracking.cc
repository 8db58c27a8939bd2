// CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR.
#include "commands/clients/client_tracking.h"

#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/letters.h"
#include "commands/table/parsing.h"

namespace kvs::server {
namespace {

void RememberKey(Call& call, std::string_view key) {
  Observation& observation = call.server.observation;
  observation.tracking.Remember(call.client, key);
  std::uint64_t expiry_ms = kNoExpiry;
  const Result<bool> found =
      call.server.engine.ReadEntry(key, [&](const Entry& entry) { expiry_ms = entry.expiry_ms; });
  if (found && expiry_ms != kNoExpiry) observation.expiries.Note(key, expiry_ms);
}

// nullopt: answered.
std::optional<TrackingOptions> ReadTrackingOptions(Call& call) {
  TrackingOptions options;
  bool is_opt_in = false;
  bool is_opt_out = false;
  for (std::size_t i = 3; i < call.size(); ++i) {
    const bool has_more = i + 1 < call.size();
    if (base::IsWord(call[i], "redirect") && has_more) {
      const auto id = ReadInteger(call, call[++i]);
      if (!id) return std::nullopt;
      options.redirect = static_cast<std::uint64_t>(*id);
      if (!call.server.clients.Find(options.redirect, [](const ClientState&) {})) {
        call.Fail("ERR The client ID you want redirect to does not exist");
        return std::nullopt;
      }
    } else if (base::IsWord(call[i], "bcast")) {
      options.is_broadcast = true;
    } else if (base::IsWord(call[i], "optin")) {
      is_opt_in = true;
    } else if (base::IsWord(call[i], "optout")) {
      is_opt_out = true;
    } else if (base::IsWord(call[i], "noloop")) {
      options.is_no_loop = true;
    } else if (base::IsWord(call[i], "prefix") && has_more) {
      options.prefixes.emplace_back(call[++i]);
    } else {
      call.FailSyntax();
      return std::nullopt;
    }
  }
  options.choice = is_opt_in    ? TrackingChoice::kOptIn
                   : is_opt_out ? TrackingChoice::kOptOut
                                : TrackingChoice::kAllReads;
  if (is_opt_in && is_opt_out && base::IsWord(call[2], "on") && !options.is_broadcast) {
    call.Fail("ERR You can't specify both OPTIN mode and OPTOUT mode");
    return std::nullopt;
  }
  return options;
}

bool Overlap(std::string_view a, std::string_view b) { return a.starts_with(b) || b.starts_with(a); }

// The one of `prefixes`, none of which overlaps with another, that overlaps with `prefix`: if there is one, it is the
// next in order or the one before. nullptr: there is none.
const std::string* FindOverlap(const std::set<std::string>& prefixes, const std::string& prefix) {
  const auto next = prefixes.lower_bound(prefix);
  if (next != prefixes.end() && Overlap(*next, prefix)) return &*next;
  if (next != prefixes.begin() && Overlap(*std::prev(next), prefix)) return &*std::prev(next);
  return nullptr;
}

// False: answered.
bool CheckPrefixes(Call& call, const TrackingOptions& options) {
  std::set<std::string> provided;
  for (const std::string& prefix : options.prefixes) {
    if (const std::string* existing = FindOverlap(call.client.tracking.prefixes, prefix)) {
      call.Fail("ERR Prefix '" + prefix + "' overlaps with an existing prefix '" + *existing +
                "'. Prefixes for a single client must not overlap.");
      return false;
    }
    if (const std::string* other = FindOverlap(provided, prefix)) {
      call.Fail("ERR Prefix '" + *other + "' overlaps with another provided prefix '" + prefix +
                "'. Prefixes for a single client must not overlap.");
      return false;
    }
    provided.insert(prefix);
  }
  return true;
}

// False: answered.
bool CheckTracking(Call& call, const TrackingOptions& options) {
  const TrackingState& current = call.client.tracking;
  if (!options.is_broadcast && !options.prefixes.empty()) {
    call.Fail("ERR PREFIX option requires BCAST mode to be enabled");
  } else if (current.is_on && current.options.is_broadcast != options.is_broadcast) {
    call.Fail(
        "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it "
        "with a different mode.");
  } else if (options.is_broadcast && options.choice != TrackingChoice::kAllReads) {
    call.Fail("ERR OPTIN and OPTOUT are not compatible with BCAST");
  } else if (current.is_on && current.options.choice != TrackingChoice::kAllReads &&
             options.choice != TrackingChoice::kAllReads && current.options.choice != options.choice) {
    call.Fail(
        "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it "
        "with a different mode.");
  } else {
    return !options.is_broadcast || CheckPrefixes(call, options);
  }
  return false;
}

}  // namespace

void RememberKeysRead(Call& call) {
  TrackingState& tracking = call.client.tracking;
  if (!tracking.is_on || tracking.options.is_broadcast || !call.spec.has(kReadOnly) || call.spec.keys.first == 0)
    return;
  if (tracking.options.choice == TrackingChoice::kOptIn && !tracking.has_chosen) return;
  if (tracking.options.choice == TrackingChoice::kOptOut && tracking.has_chosen) return;
  const auto count = static_cast<int>(call.size());
  const int last = call.spec.keys.last < 0 ? count + call.spec.keys.last : call.spec.keys.last;
  for (int i = call.spec.keys.first; i <= last && i < count; i += call.spec.keys.step) {
    RememberKey(call, call[static_cast<std::size_t>(i)]);
  }
}

void ClientTracking(Call& call) {
  const auto options = ReadTrackingOptions(call);
  if (!options) return;
  if (base::IsWord(call[2], "on")) {
    if (!CheckTracking(call, *options)) return;
    call.server.observation.tracking.Enter(call.client, *options);
  } else if (base::IsWord(call[2], "off")) {
    call.server.observation.tracking.Leave(call.client);
  } else {
    call.FailSyntax();
    return;
  }
  call.server.observation.Update();
  call.reply.Ok();
}

void ClientCaching(Call& call) {
  TrackingState& tracking = call.client.tracking;
  const TrackingChoice choice = tracking.options.choice;
  if (!tracking.is_on || choice == TrackingChoice::kAllReads) {
    call.Fail(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
  } else if (!base::IsWord(call[2], "yes") && !base::IsWord(call[2], "no")) {
    call.FailSyntax();
  } else if (base::IsWord(call[2], "yes") && choice != TrackingChoice::kOptIn) {
    call.Fail("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  } else if (base::IsWord(call[2], "no") && choice != TrackingChoice::kOptOut) {
    call.Fail("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  } else {
    tracking.has_chosen = true;
    call.reply.Ok();
  }
}

void ClientTrackingInfo(Call& call) {
  const TrackingState& tracking = call.client.tracking;
  std::vector<std::string_view> flags = {tracking.is_on ? "on" : "off"};
  if (tracking.options.is_broadcast) flags.emplace_back("bcast");
  if (tracking.options.choice == TrackingChoice::kOptIn) {
    flags.emplace_back("optin");
    if (tracking.has_chosen) flags.emplace_back("caching-yes");
  }
  if (tracking.options.choice == TrackingChoice::kOptOut) {
    flags.emplace_back("optout");
    if (tracking.has_chosen) flags.emplace_back("caching-no");
  }
  if (tracking.options.is_no_loop) flags.emplace_back("noloop");
  if (tracking.is_broken.load(std::memory_order_relaxed)) flags.emplace_back("broken_redirect");  // R1
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(flags.size());
  for (const std::string_view flag : flags) call.reply.Bulk(flag);
  call.reply.Bulk("redirect");
  call.reply.Integer(tracking.shown.load(std::memory_order_relaxed));  // R1
  call.reply.Bulk("prefixes");
  call.reply.Array(tracking.prefixes.size());
  for (const std::string& prefix : tracking.prefixes) call.reply.Bulk(prefix);
}

void ClientGetRedirection(Call& call) {
  call.reply.Integer(call.client.tracking.shown.load(std::memory_order_relaxed));  // R1
}

}  // namespace kvs::server
