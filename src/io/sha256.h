// Sha256: the hash of FIPS 180-4 (OpenSSL), which names bytes for good: nobody knows two inputs with one hash.
//
// Threads     One thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct evp_md_ctx_st;  // OpenSSL's type, which only sha256.cc sees.

namespace kvs::io {

class Sha256 {
 public:
  static constexpr std::size_t kHexDigits = 64;

  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Add(std::string_view bytes);
  // The hash of all that was added, as kHexDigits of 0-9 and a-f. Nothing may be added afterwards.
  std::string Finish();

  static std::string Of(std::string_view bytes);

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  const std::unique_ptr<evp_md_ctx_st, Free> context_;
};

}  // namespace kvs::io
