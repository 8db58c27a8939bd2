#include "commands/table/secrets.h"

#include <algorithm>

#include "base/decimal.h"
#include "base/letters.h"
#include "settings/setting.h"

namespace kvs::server {
namespace {

using Words = std::vector<std::string_view>;

void Hide(Words& words, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < std::min(to, words.size()); ++i) words[i] = "(redacted)";
}

// HELLO [version] [AUTH user password] [SETNAME name], the options in any order and number.
void HideOfHello(Words& words) {
  std::size_t i = 1;
  if (i < words.size() && base::ParseDecimal(words[i])) ++i;
  while (i > 1 && i < words.size()) {
    if (base::IsWord(words[i], "auth")) {
      Hide(words, i + 1, i + 3);
      i += 3;
    } else if (base::IsWord(words[i], "setname")) {
      i += 2;
    } else {
      break;
    }
  }
  Hide(words, i, words.size());
}

// CONFIG SET name value [name value ...]
void HideOfSettings(Words& words) {
  for (std::size_t i = 2; i < words.size(); i += 2) {
    const settings::Setting* const setting = settings::FindSetting(words[i]);
    if (setting == nullptr) Hide(words, i, i + 1);
    if (setting == nullptr || setting->is_secret) Hide(words, i + 1, i + 2);
  }
}

}  // namespace

std::vector<std::string_view> WithoutSecrets(const CommandSpec& spec, std::span<const std::string_view> arguments) {
  Words words(arguments.begin(), arguments.end());
  switch (spec.secrets) {
    case Secrets::kNone: break;
    case Secrets::kAll: Hide(words, 1, words.size()); break;
    case Secrets::kOfHello: HideOfHello(words); break;
    case Secrets::kOfSettings: HideOfSettings(words); break;
  }
  return words;
}

}  // namespace kvs::server
