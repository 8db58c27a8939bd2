#include "log/backup_list.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "io/sha256.h"
#include "log/file_names.h"

namespace kvs::log {
namespace {

constexpr std::string_view kVersion = "1";

std::string Line(std::string_view label, std::string_view value) {
  return "# " + std::string(label) + ' ' + std::string(value) + '\n';
}

std::string FileLines(const BackupList& list) {
  std::string lines;
  for (const BackupList::File& file : list.files) lines += file.sha256 + "  " + file.name + '\n';
  return lines;
}

// The next line without its end, which is taken off `text`; nullopt: there is no whole line.
std::optional<std::string_view> TakeLine(std::string_view* text) {
  const std::size_t end = text->find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(end + 1);
  return line;
}

// The value of the next line, which must have `label`.
std::optional<std::string_view> TakeValue(std::string_view* text, std::string_view label) {
  const std::optional<std::string_view> line = TakeLine(text);
  const std::string prefix = "# " + std::string(label) + ' ';
  if (!line || !line->starts_with(prefix)) return std::nullopt;
  return line->substr(prefix.size());
}

template <class Number>
bool TakeNumber(std::string_view* text, std::string_view label, Number* number) {
  const std::optional<std::string_view> value = TakeValue(text, label);
  if (!value) return false;
  const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), *number);
  return error == std::errc() && end == value->data() + value->size();
}

bool IsHash(std::string_view text) {
  return text.size() == io::Sha256::kHexDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// A name that is none of ours could lead out of the directory.
bool TakeFile(std::string_view* text, BackupList* list) {
  const std::optional<std::string_view> line = TakeLine(text);
  constexpr std::string_view kGap = "  ";
  if (!line || line->size() <= io::Sha256::kHexDigits + kGap.size()) return false;
  const std::string_view sha256 = line->substr(0, io::Sha256::kHexDigits);
  const std::string_view name = line->substr(io::Sha256::kHexDigits + kGap.size());
  const bool is_in_order = list->files.empty() || list->files.back().name < name;
  if (!IsHash(sha256) || !IsBackupFileName(name) || !is_in_order) return false;
  list->files.push_back({std::string(name), std::string(sha256)});
  return true;
}

// Whether the text ends with the hash of all lines before it.
bool HasRightEnd(std::string_view text) {
  const std::size_t end_bytes = Line("end", io::Sha256::Of({})).size();
  if (text.size() < end_bytes) return false;
  const std::string_view above = text.substr(0, text.size() - end_bytes);
  return text.substr(above.size()) == Line("end", io::Sha256::Of(above));
}

Error Damaged() { return {.code = ErrorCode::kCorruption, .context = "the list of the backup is damaged"}; }

}  // namespace

std::string BackupList::Root() const {
  return io::Sha256::Of(Line("sequence", std::to_string(sequence)) + FileLines(*this));
}

const BackupList::File* BackupList::Find(std::string_view name) const {
  const auto at = std::lower_bound(files.begin(), files.end(), name,
                                   [](const File& file, std::string_view wanted) { return file.name < wanted; });
  return at != files.end() && at->name == name ? &*at : nullptr;
}

std::string EncodeBackupList(const BackupList& list) {
  std::string text = std::string(kBackupListMagic) + std::string(kVersion) + '\n';
  text += Line("created", std::to_string(list.created_s));
  text += Line("sequence", std::to_string(list.sequence));
  text += Line("bytes", std::to_string(list.bytes));
  text += FileLines(list);
  text += Line("root", list.Root());
  text += Line("end", io::Sha256::Of(text));
  return text;
}

// What was understood is encoded again: that finds each byte that is in no other way wrong.
Result<BackupList> DecodeBackupList(std::string_view text) {
  if (!HasRightEnd(text)) return Damaged();
  const std::string_view all = text;
  const std::optional<std::string_view> first = TakeLine(&text);
  if (!first || !first->starts_with(kBackupListMagic)) return Damaged();
  const std::string_view version = first->substr(kBackupListMagic.size());
  if (version != kVersion) {
    return Error{.code = ErrorCode::kUnsupported,
                 .context = "the backup has format " + std::string(version) + ", this build reads format 1"};
  }
  BackupList list;
  bool is_good = TakeNumber(&text, "created", &list.created_s) && TakeNumber(&text, "sequence", &list.sequence) &&
                 TakeNumber(&text, "bytes", &list.bytes);
  while (is_good && !text.starts_with('#')) is_good = TakeFile(&text, &list);
  if (!is_good || EncodeBackupList(list) != all) return Damaged();
  return list;
}

}  // namespace kvs::log
