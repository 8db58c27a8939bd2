// The configuration file of kvs-server: TOML, one key per setting.
#pragma once

#include <string>

#include "kvs/result.h"
#include "settings/settings.h"

namespace kvs::apps {

// Applies the settings in the file. An error names the file, the line, and the allowed values.
Status ReadConfigFile(const std::string& path, settings::Settings* into);

// Applies the environment variables KVS_..., one per setting.
Status ReadEnvironment(settings::Settings* into);

}  // namespace kvs::apps
