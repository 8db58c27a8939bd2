// The names of the files in a store's directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace kvs::log {

inline constexpr std::string_view kManifestFileName = "MANIFEST";
inline constexpr std::string_view kIndexFileName = "INDEX";
inline constexpr std::string_view kReserveFileName = "RESERVE";
inline constexpr std::string_view kClockFileName = "CLOCK";
inline constexpr std::string_view kMarkerFileName = "ENGINE";
inline constexpr std::string_view kBackupListFileName = "BACKUP";  // Only in a backup.

std::filesystem::path SegmentPath(const std::filesystem::path& directory, std::uint64_t segment_id);
std::filesystem::path HintPath(const std::filesystem::path& directory, std::uint64_t segment_id);
std::filesystem::path ManifestPath(const std::filesystem::path& directory);
std::filesystem::path IndexPath(const std::filesystem::path& directory);
std::filesystem::path ReservePath(const std::filesystem::path& directory);
// The further reserve files: number 2, 3.
std::filesystem::path ReservePath(const std::filesystem::path& directory, unsigned number);
std::filesystem::path ClockPath(const std::filesystem::path& directory);

// A file beside a segment that keeps the bytes cut off its end. It is not part of the store and is never removed.
// number: in, counts such files of one segment from 1.
std::filesystem::path TornPath(const std::filesystem::path& directory, std::uint64_t segment_id, unsigned number);

// The id in "000000000042.seg" or "000000000042.hint"; nullopt for any other name.
std::optional<std::uint64_t> SegmentIdOfFileName(std::string_view name);

bool IsHintFileName(std::string_view name);

// Whether an opening kept the file for people: "000000000042.torn-1", "000000000042.seg.aside". No opening reads it.
bool IsKeptFileName(std::string_view name);

// Whether the list of a backup may name the file: a segment, its hint file, or another file that a backup holds.
bool IsBackupFileName(std::string_view name);

// Whether an interrupted write of one of our files left the file. "notes.tmp" of another program is not one.
bool IsTemporaryFileName(std::string_view name);

}  // namespace kvs::log
