// For any bytes: the decoder of a backup's list reads none after its input, takes no list that is encoded otherwise,
// and names no file outside of the backup.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "io/sha256.h"
#include "log/backup_list.h"
#include "support/exact_block.h"

namespace kvs::log {
namespace {

void CheckText(std::string_view text) {
  const test::ExactBlock block(text);
  const auto list = DecodeBackupList(block.view());
  if (!list) return;
  KVS_CHECK(EncodeBackupList(*list) == text);
  for (const BackupList::File& file : list->files) KVS_CHECK(file.name.find('/') == std::string::npos);
}

// As it is, and with the hash of all lines that hides it from the decoder put right.
void Check(std::string_view input) {
  CheckText(input);
  const std::string lines(input.substr(0, input.rfind("# end ")));
  CheckText(lines + "# end " + io::Sha256::Of(lines) + "\n");
}

}  // namespace
}  // namespace kvs::log

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  kvs::log::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
