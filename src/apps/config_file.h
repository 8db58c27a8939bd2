// The configuration file of kvs-server: TOML, a key for each setting.
#pragma once

#include <string>

#include "kvs/result.h"
#include "settings/settings.h"

namespace kvs::apps {

// Sets what the file says. The error names the file, the line, and what is allowed there.
Status ReadConfigFile(const std::string& path, settings::Settings* into);

// The same for the environment, a variable KVS_... for each setting.
Status ReadEnvironment(settings::Settings* into);

}  // namespace kvs::apps
