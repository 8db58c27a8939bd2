#include "service/server_config.h"

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "base/glob.h"
#include "base/letters.h"
#include "observers/keyspace_events.h"
#include "settings/setting.h"

namespace kvs::server {
namespace {

using settings::Kind;
using settings::Setting;

Result<std::string> CheckChange(const Setting& setting, std::string_view value) {
  if (setting.kind == Kind::kStart || setting.kind == Kind::kReadOnly) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = "can't set immutable config"};
  }
  Result<std::string> checked = settings::CheckValue(setting, value);
  if (!checked || setting.form != settings::Form::kEvents) return checked;
  return EventClassLetters(ParseEventClasses(*checked).value_or(0));
}

std::string OutputLimitText(std::string_view bytes) {
  const std::string text(bytes);
  return "normal " + text + " 0 0 slave 0 0 0 pubsub " + text + " 0 0";
}

// Takes as long whatever the guess, so that its time tells nothing about the password.
bool IsEqualInConstantTime(std::string_view a, std::string_view b) {
  unsigned difference = a.size() == b.size() ? 0 : 1;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(i < b.size() ? b[i] : 0);
  }
  return difference == 0;
}

Error SetError(std::string_view name, std::string_view why) {
  return Error{
      .code = ErrorCode::kInvalidArgument,
      .context = "CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " + std::string(why)};
}

}  // namespace

ServerConfig::ServerConfig(const ConfigStart& start, const DescriptorBudget* descriptors)
    : descriptors_(descriptors),
      store_syncs_(start.store_syncs),
      allows_debug_(start.allows_debug),
      always_(settings::NumberOf(*settings::FindSetting("appendfsync"), "always")) {
  const std::string fsync = start.sync_before_reply ? "always" : start.store_syncs ? "everysec" : "no";
  const auto seconds = [](std::chrono::milliseconds time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(time).count());
  };
  const std::vector<Pair> from_options = {
      {"appendfsync", fsync},
      {"bind", start.ip},
      {"client-query-buffer-limit", std::to_string(start.request_bytes_max)},
      {"dir", start.directory},
      {"enable-debug-command", start.allows_debug ? "yes" : "no"},
      {"maxclients", std::to_string(start.connections_max)},
      {"output-buffer-limit", std::to_string(start.output_bytes_max)},
      {"output-timeout", seconds(start.output_timeout)},
      {"port", std::to_string(start.port)},
      {"requirepass", start.password},
      {"timeout", seconds(start.idle_timeout)},
      {"tls-port", std::to_string(start.tls_port)},
      {"unixsocket", start.unix_socket},
  };
  const sync::MutexLock lock(mutex_);
  for (const Setting& setting : settings::AllSettings()) {
    values_.emplace_back(setting.name, setting.first_value);
    Fill(setting, setting.first_value);
  }
  for (const auto& [name, value] : start.parameters) {
    const Setting* const setting = settings::FindSetting(name);
    if (setting == nullptr) continue;
    const Result<std::string> checked = settings::CheckValue(*setting, value);
    Value(setting->name) = value;
    if (checked) Apply({.setting = setting, .value = *checked});
  }
  for (const auto& [name, value] : from_options) Apply({.setting = settings::FindSetting(name), .value = value});
  live_.idle_timeout_ms.set(start.idle_timeout.count());  // Finer than CONFIG can say.
  live_.output_timeout_ms.set(start.output_timeout.count());
}

std::vector<ServerConfig::Pair> ServerConfig::Get(const std::vector<std::string_view>& patterns) const {
  std::vector<Pair> values;
  {
    const sync::MutexLock lock(mutex_);
    values = values_;
  }
  std::vector<const std::string_view*> asked(values.size(), nullptr);  // The first pattern that matches each.
  for (const std::string_view& pattern : patterns) {
    const auto glob = base::Glob::Parse(pattern, base::Case::kInsensitive);
    if (!glob) continue;  // No name is long enough for it.
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (asked[i] == nullptr && glob->Matches(values[i].first)) asked[i] = &pattern;
    }
  }
  std::vector<Pair> found;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (asked[i] == nullptr) continue;
    const bool is_name = asked[i]->find_first_of("*?[") == std::string_view::npos;
    found.emplace_back(is_name ? std::string(*asked[i]) : values[i].first, values[i].second);
  }
  return found;
}

std::string& ServerConfig::Value(std::string_view name) {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const Pair& pair) { return pair.first == name; });
  KVS_CHECK(found != values_.end());
  return found->second;
}

const std::string& ServerConfig::Value(std::string_view name) const {
  const auto found = std::find_if(values_.begin(), values_.end(), [&](const Pair& pair) { return pair.first == name; });
  KVS_CHECK(found != values_.end());
  return found->second;
}

Status ServerConfig::Set(const std::vector<std::pair<std::string_view, std::string_view>>& changes) {
  const sync::MutexLock lock(mutex_);
  std::vector<Change> checked;
  for (const auto& [name, value] : changes) {
    const Setting* const parameter = settings::FindSetting(name);
    if (parameter == nullptr) {
      return Error{.code = ErrorCode::kInvalidArgument,
                   .context = "Unknown option or number of arguments for CONFIG SET - '" +
                              std::string(base::UpToZero(name)) + "'"};
    }
    const auto is_same = [&](const Change& other) { return other.setting == parameter; };
    if (std::any_of(checked.begin(), checked.end(), is_same)) return SetError(name, "duplicate parameter");
    const bool is_unchanged = Value(parameter->name) == value;
    Result<std::string> readable = is_unchanged ? std::string(value) : CheckChange(*parameter, value);
    if (!readable) return SetError(name, readable.error().context);
    if (!is_unchanged) {
      if (const Status possible = CheckEffect(*parameter, *readable); !possible) {
        return SetError(name, possible.error().context);
      }
    }
    checked.push_back({.setting = parameter, .value = *std::move(readable)});
  }
  for (const Change& change : checked) Apply(change);
  return Ok();
}

// Whether a checked value can take effect here.
Status ServerConfig::CheckEffect(const Setting& setting, std::string_view value) const {
  if (setting.name == "appendfsync" && value != "always" && (value == "everysec") != store_syncs_) {
    return Error{.code = ErrorCode::kInvalidArgument,
                 .context = "the store was opened with another sync policy: start the server with --sync"};
  }
  if (setting.name != "maxclients" || descriptors_ == nullptr) return Ok();
  const std::size_t possible = descriptors_->ClientsMax();
  if (static_cast<std::size_t>(settings::NumberOf(setting, value)) <= possible) return Ok();
  return Error{.code = ErrorCode::kInvalidArgument,  // Redis's words.
               .context = "The operating system is not able to handle the specified number of clients, try with " +
                          std::to_string(possible)};
}

std::size_t ServerConfig::LowerConnectionsMax() {
  const sync::MutexLock lock(mutex_);
  const std::size_t before = connections_max();
  if (descriptors_ == nullptr || before <= descriptors_->ClientsMax()) return 0;
  Apply({.setting = settings::FindSetting("maxclients"), .value = std::to_string(descriptors_->ClientsMax())});
  return before;
}

void ServerConfig::Fill(const Setting& setting, std::string_view value) {
  if (setting.field == nullptr) return;
  (live_.*setting.field).set(settings::NumberOf(setting, value) * setting.field_units);
}

void ServerConfig::Apply(const Change& change) {
  const Setting& setting = *change.setting;
  Value(setting.name) = change.value;
  Fill(setting, change.value);
  if (setting.name == "output-buffer-limit") Value("client-output-buffer-limit") = OutputLimitText(change.value);
}

bool ServerConfig::IsPassword(std::string_view guess) const {
  const sync::MutexLock lock(mutex_);
  return IsEqualInConstantTime(guess, Value("requirepass"));
}

}  // namespace kvs::server
