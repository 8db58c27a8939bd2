#include "io/named_path.h"

#include <system_error>

#include "base/system_error.h"

namespace kvs::io {

Result<std::filesystem::path> NamedPath(const std::filesystem::path& path) {
  std::error_code status;
  std::filesystem::path named = std::filesystem::absolute(path, status).lexically_normal();
  if (status) return base::SystemError("getcwd for", path, status.value());
  if (!named.has_filename()) named = named.parent_path();
  return named;
}

}  // namespace kvs::io
