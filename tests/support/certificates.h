// Authority: signs certificates for a test, real ones, as PEM files in a directory.
#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace kvs::test {

struct CertificateFiles {
  std::string certificate;
  std::string key;
};

class Authority {
 public:
  Authority(std::filesystem::path directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)), key_(::EVP_EC_gen("P-256")) {
    certificate_.reset(Certificate(name_, key_.get()));
    AddExtension(NID_basic_constraints, "critical,CA:TRUE");
    EXPECT_NE(::X509_sign(certificate_.get(), key_.get(), ::EVP_sha256()), 0);
    WriteCertificate(file(), certificate_.get());
  }

  // The certificate for clients that trust this authority.
  std::string file() const { return (directory_ / (name_ + "-authority.pem")).string(); }

  // Writes a certificate for 127.0.0.1, and its key, and replaces earlier ones.
  CertificateFiles Issue(const std::string& file_name) const {
    const CertificateFiles files{(directory_ / (file_name + ".pem")).string(),
                                 (directory_ / (file_name + "-key.pem")).string()};
    const KeyPointer key(::EVP_EC_gen("P-256"));
    const CertificatePointer certificate(Certificate(file_name, key.get()));
    EXPECT_NE(::X509_sign(certificate.get(), key_.get(), ::EVP_sha256()), 0);
    WriteCertificate(files.certificate, certificate.get());
    std::FILE* const out = std::fopen(files.key.c_str(), "w");
    EXPECT_EQ(::PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
    std::fclose(out);
    return files;
  }

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const { ::EVP_PKEY_free(key); }
    void operator()(X509* certificate) const { ::X509_free(certificate); }
  };
  using KeyPointer = std::unique_ptr<EVP_PKEY, Free>;
  using CertificatePointer = std::unique_ptr<X509, Free>;

  X509* Certificate(const std::string& subject, EVP_PKEY* key) const {
    constexpr long kHour = 3'600;
    X509* const made = ::X509_new();
    ::X509_set_version(made, X509_VERSION_3);
    ::ASN1_INTEGER_set(::X509_get_serialNumber(made), 1 + static_cast<long>(std::hash<std::string>()(subject) >> 33));
    ::X509_gmtime_adj(::X509_getm_notBefore(made), -kHour);
    ::X509_gmtime_adj(::X509_getm_notAfter(made), kHour);
    SetName(::X509_get_subject_name(made), subject);
    SetName(::X509_get_issuer_name(made), name_);
    EXPECT_EQ(::X509_set_pubkey(made, key), 1);
    return made;
  }

  static void SetName(X509_NAME* name, const std::string& text) {
    ::X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1,
                                 0);
  }

  void AddExtension(int nid, const char* value) {
    X509_EXTENSION* const extension = ::X509V3_EXT_conf_nid(nullptr, nullptr, nid, value);
    EXPECT_EQ(::X509_add_ext(certificate_.get(), extension, -1), 1);
    ::X509_EXTENSION_free(extension);
  }

  static void WriteCertificate(const std::string& path, X509* certificate) {
    std::FILE* const out = std::fopen(path.c_str(), "w");
    EXPECT_EQ(::PEM_write_X509(out, certificate), 1);
    std::fclose(out);
  }

  const std::filesystem::path directory_;
  const std::string name_;
  KeyPointer key_;
  CertificatePointer certificate_;
};

}  // namespace kvs::test
