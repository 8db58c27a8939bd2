#include "log/file_names.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace kvs::log {
namespace {

constexpr std::string_view kSegmentSuffix = ".seg";
constexpr std::string_view kHintSuffix = ".hint";
constexpr std::string_view kTornSuffix = ".torn-";
constexpr std::string_view kAsideSuffix = ".seg.aside";
constexpr std::string_view kTemporarySuffix = ".tmp";  // The suffix of io::FileSystem::WriteFileAtomically().

// Enough digits for `ls` to list segments in order of creation.
constexpr std::size_t kDigitsMin = 12;

std::filesystem::path Numbered(const std::filesystem::path& directory, std::uint64_t id, std::string_view suffix) {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%0*llu", static_cast<int>(kDigitsMin), static_cast<unsigned long long>(id));
  return directory / (std::string(digits) + std::string(suffix));
}

}  // namespace

std::filesystem::path SegmentPath(const std::filesystem::path& directory, std::uint64_t segment_id) {
  return Numbered(directory, segment_id, kSegmentSuffix);
}

std::filesystem::path HintPath(const std::filesystem::path& directory, std::uint64_t segment_id) {
  return Numbered(directory, segment_id, kHintSuffix);
}

std::filesystem::path TornPath(const std::filesystem::path& directory, std::uint64_t segment_id, unsigned number) {
  return Numbered(directory, segment_id, std::string(kTornSuffix) + std::to_string(number));
}

std::filesystem::path ManifestPath(const std::filesystem::path& directory) { return directory / kManifestFileName; }

std::filesystem::path IndexPath(const std::filesystem::path& directory) { return directory / kIndexFileName; }

std::filesystem::path ReservePath(const std::filesystem::path& directory) { return directory / kReserveFileName; }
std::filesystem::path ReservePath(const std::filesystem::path& directory, unsigned number) {
  return directory / (std::string(kReserveFileName) + '.' + std::to_string(number));
}
std::filesystem::path ClockPath(const std::filesystem::path& directory) { return directory / kClockFileName; }

std::optional<std::uint64_t> SegmentIdOfFileName(std::string_view name) {
  const std::size_t digits = name.find('.');
  if (digits == std::string_view::npos || digits < kDigitsMin) return std::nullopt;
  const std::string_view suffix = name.substr(digits);
  if (suffix != kSegmentSuffix && suffix != kHintSuffix) return std::nullopt;
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + digits, id);
  if (error != std::errc() || end != name.data() + digits) return std::nullopt;
  const bool is_padded_too_far = digits > kDigitsMin && name.front() == '0';
  if (is_padded_too_far) return std::nullopt;
  return id;
}

bool IsHintFileName(std::string_view name) {
  return name.ends_with(kHintSuffix) && SegmentIdOfFileName(name).has_value();
}

bool IsKeptFileName(std::string_view name) {
  const std::size_t digits = std::min(name.find('.'), name.size());
  const std::string_view suffix = name.substr(digits);
  const bool is_kept = suffix.starts_with(kTornSuffix) || suffix.starts_with(kAsideSuffix);
  return is_kept && SegmentIdOfFileName(std::string(name.substr(0, digits)).append(kSegmentSuffix)).has_value();
}

bool IsBackupFileName(std::string_view name) {
  return SegmentIdOfFileName(name) || name == kManifestFileName || name == kClockFileName || name == kMarkerFileName;
}

bool IsTemporaryFileName(std::string_view name) {
  if (!name.ends_with(kTemporarySuffix)) return false;
  name.remove_suffix(kTemporarySuffix.size());
  return name == kManifestFileName || name == kIndexFileName || name == kClockFileName || name == kMarkerFileName ||
         IsHintFileName(name);
}

}  // namespace kvs::log
