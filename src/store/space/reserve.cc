#include "store/space/reserve.h"

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/probe.h"
#include "base/random.h"
#include "base/system_error.h"
#include "base/try.h"
#include "log/file_names.h"
#include "store/segments/store_files.h"

namespace kvs::store {
namespace {

constexpr std::string_view kMagic = "KVS.RES\n";

}  // namespace

Reserve::Reserve(io::FileSystem& files, const std::filesystem::path& directory, const KvStoreOptions& options)
    : files_(files),
      path_(log::ReservePath(directory)),
      others_{log::ReservePath(directory, 2), log::ReservePath(directory, 3)},
      options_(options) {}

Status Reserve::Hold(std::uint64_t bytes) {
  Status held = TryHold(bytes);
  if (held || (base::IsPassing(held.error()) && held.error().sys_errno != EFBIG)) return held;
  {
    const sync::MutexLock lock(mutex_);
    KVS_PROBE("no reserve can be had");
    is_impossible_ = true;
  }
  if (options_.log) options_.log("no reserve for a full disk: " + held.error().ToString());
  return Ok();
}

Status Reserve::TryHold(std::uint64_t bytes) {
  const sync::MutexLock lock(mutex_);
  if (is_impossible_) return Ok();
  if (is_lent_) return Error{.code = ErrorCode::kNoSpace, .context = "compaction is using the reserve"};
  if (held_bytes_ > 2 * bytes) Cut(bytes);
  if (held_bytes_ >= bytes) return Ok();
  Status held = Open(bytes);
  if (held) held = HoldInodes();
  if (held) held = Grow(bytes);
  if (held) {
    held_bytes_ = bytes;
  } else if (held_bytes_ == 0 && file_ != nullptr) {
    KVS_PROBE("part of a reserve is given back");
    Empty();  // A part of the reserve is too little, so others get the space.
  }
  return held;
}

// held_bytes_ stays 0: the file may have holes, as in a copy of the directory. So Grow() reserves all of it again.
Status Reserve::Open(std::uint64_t bytes) {
  if (file_ != nullptr) return Ok();
  KVS_TRY_ASSIGN(const bool exists, files_.Exists(path_));
  KVS_TRY_ASSIGN(auto file, files_.Open(path_, exists ? io::OpenMode::kReadWrite : io::OpenMode::kCreate));
  KVS_TRY_ASSIGN(const std::uint64_t size, file->Size());
  const std::string zeroes(kMagic.size(), '\0');  // A power cut may leave these instead.
  if (size > 0 && !HasMagic(files_, path_, kMagic) && !HasMagic(files_, path_, zeroes)) {
    return Error{.code = ErrorCode::kInvalidArgument, .context = path_.string() + " is not a file of kvs, and stays"};
  }
  if (size > bytes) KVS_TRY(file->Truncate(bytes));
  file_ = std::move(file);
  return Ok();
}

// Creates the other files, which hold one inode each. A file of others with such a name stays.
Status Reserve::HoldInodes() {
  for (const std::filesystem::path& path : others_) {
    KVS_TRY_ASSIGN(const bool exists, files_.Exists(path));
    if (exists) continue;
    KVS_TRY_ASSIGN(const auto file, files_.Open(path, io::OpenMode::kCreate));
    Status written = file->WriteAt(0, kMagic);
    if (written) continue;
    KVS_PROBE("no room for an inode of the reserve");
    static_cast<void>(files_.Remove(path).has_value());  // GiveInodesBack() leaves a file without the magic.
    return written;
  }
  return Ok();
}

void Reserve::GiveInodesBack() {
  for (const std::filesystem::path& path : others_) {
    if (HasMagic(files_, path, kMagic)) static_cast<void>(files_.Remove(path).has_value());
  }
}

Status Reserve::Grow(std::uint64_t bytes) {
  KVS_TRY_ASSIGN(const std::uint64_t size, file_->Size());
  if (size == 0) KVS_TRY(file_->WriteAt(0, kMagic));
  Status grown = file_->Reserve(held_bytes_, bytes - held_bytes_, io::Grain::kNone);
  KVS_PROBE_IF(!grown && grown.error().code == ErrorCode::kUnsupported, "reserve is filled with bytes");
  if (!grown && grown.error().code == ErrorCode::kUnsupported) grown = Fill(held_bytes_, bytes);
  if (!grown) Cut(held_bytes_);
  return grown;
}

// Writes random bytes, which no file system can compress.
Status Reserve::Fill(std::uint64_t from, std::uint64_t to) {
  constexpr std::uint64_t kPieceBytes = std::uint64_t{64} << 10;
  KVS_TRY_ASSIGN(const std::uint64_t size, file_->Size());
  base::Random random(to);
  std::string piece(kPieceBytes, '\0');
  for (std::uint64_t at = std::max(from, size); at < to; at += piece.size()) {
    piece.resize(std::min(kPieceBytes, to - at));
    std::generate(piece.begin(), piece.end(), [&] { return static_cast<char>(random.Next()); });
    KVS_TRY(file_->WriteAt(at, piece));
  }
  return Ok();
}

bool Reserve::Cut(std::uint64_t bytes) {
  if (!file_->Truncate(bytes)) return false;
  held_bytes_ = std::min(held_bytes_, bytes);
  return true;
}

bool Reserve::Empty() {
  if (!files_.Remove(path_)) return false;
  file_.reset();
  held_bytes_ = 0;
  GiveInodesBack();
  return true;
}

bool Reserve::GiveUp() {
  const sync::MutexLock lock(mutex_);
  return held_bytes_ > 0 && Empty();
}

bool Reserve::Lend() {
  const sync::MutexLock lock(mutex_);
  is_lent_ = held_bytes_ == 0 || Empty();
  return is_lent_;
}

void Reserve::Return() {
  const sync::MutexLock lock(mutex_);
  is_lent_ = false;
}

std::uint64_t Reserve::held_bytes() const {
  const sync::MutexLock lock(mutex_);
  return held_bytes_;
}

}  // namespace kvs::store
