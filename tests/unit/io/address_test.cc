// Promised: an address has two forms, IP:PORT and [IPv6]:PORT, and is written as it was read. Everything else is an
// error that shows the form. The refused inputs are typical mistakes.
#include "io/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace kvs {
namespace {

TEST(AddressTest, BothFormsComeBackAsTheyWereWritten) {
  for (const char* text :
       {"127.0.0.1:4000", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:4000", "[::]:1", "[2001:db8::7]:80"}) {
    const auto address = Address::Parse(text);
    ASSERT_TRUE(address.has_value()) << text;
    EXPECT_EQ(address->ToString(), text);
  }
}

TEST(AddressTest, EverythingElseIsRefusedWithTheExpectedForm) {
  for (const char* text : {"", "127.0.0.1", ":4000", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
                           "127.0.0.1: 1", "127.0.0.1:4000x", "localhost:4000", "::1:4000", "[::1]", "[::1]4000",
                           "[127.0.0.1]:4000", "[]:4000", "[::1:4000", "1.2.3:4", "1.2.3.4.5:6"}) {
    const auto address = Address::Parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_EQ(address.error().code, ErrorCode::kInvalidArgument) << text;
    EXPECT_THAT(address.error().context, testing::HasSubstr("IP:PORT")) << text;
    EXPECT_THAT(address.error().context, testing::HasSubstr("\"" + std::string(text) + "\""));
  }
}

TEST(AddressTest, AnIpv6AddressWithoutBracketsGetsAHint) {
  EXPECT_THAT(Address::Parse("::1:4000").error().context, testing::HasSubstr("needs brackets"));
}

TEST(SocketAddressTest, TheKernelsFormKeepsIpAndPort) {
  for (const Address& address : {Address{"127.0.0.1", 4000}, Address{"2001:db8::7", 65535}}) {
    const auto kernel = io::SocketAddress::From(address);
    ASSERT_TRUE(kernel.has_value());
    EXPECT_EQ(kernel->ToAddress(), address);
  }
}

TEST(SocketAddressTest, ANameIsNoIpAddress) {
  EXPECT_EQ(io::SocketAddress::From({.ip = "localhost"}).error().code, ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace kvs
