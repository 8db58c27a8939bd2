// Promised: the hash is SHA-256, whatever pieces the input comes in. The examples are those of FIPS 180-4.
#include "io/sha256.h"

#include <gtest/gtest.h>

#include <string>

namespace kvs::io {
namespace {

TEST(Sha256Test, HashesTheExamplesOfTheStandard) {
  EXPECT_EQ(Sha256::Of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256::Of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256::Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PiecesHashLikeTheWhole) {
  Sha256 hash;
  for (const char c : std::string("abc")) hash.Add({&c, 1});
  EXPECT_EQ(hash.Finish(), Sha256::Of("abc"));
}

}  // namespace
}  // namespace kvs::io
