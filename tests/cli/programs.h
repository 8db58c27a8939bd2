// The programs under test: ServerProgram is a kvs-server on a port of its own, Client() runs kvs-client against it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/child_process.h"
#include "support/engine_names.h"
#include "support/temporary_directory.h"

namespace kvs::test {

inline Outcome RunServer(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KVS_SERVER_PROGRAM);
  return RunProgram(std::move(arguments));
}

inline Outcome RunClient(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), KVS_CLIENT_PROGRAM);
  return RunProgram(std::move(arguments));
}

class ServerProgram {
 public:
  // Starts a server in `directory`, on a free port unless `arguments` say otherwise, and waits until it listens.
  // `launcher`: a program with arguments that becomes the server, whose command line follows; empty: none.
  explicit ServerProgram(const std::filesystem::path& directory, std::vector<std::string> arguments = {},
                         std::vector<std::string> launcher = {})
      : process_(CommandLine(directory, std::move(arguments), std::move(launcher))) {
    const std::string words = "listening on ";
    if (!process_.WaitForErrorOutput(words)) return;
    const std::size_t begin = process_.error_output().find(words) + words.size();
    while (process_.error_output().find('\n', begin) == std::string::npos) {
      if (!process_.WaitForMoreErrorOutput()) return;
    }
    address_ = process_.error_output().substr(begin, process_.error_output().find('\n', begin) - begin);
  }

  bool is_listening() const { return !address_.empty(); }
  const std::string& address() const { return address_; }
  std::string port() const { return address_.substr(address_.rfind(':') + 1); }
  ChildProcess& process() { return process_; }

  // The exit code after `signal`.
  int StopBy(int signal) {
    process_.Signal(signal);
    return process_.Wait();
  }

  Outcome Client(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin() + 1, {"--addr", address_});
    return RunClient(std::move(arguments));
  }

 private:
  static std::vector<std::string> CommandLine(const std::filesystem::path& directory,
                                              std::vector<std::string> arguments, std::vector<std::string> all) {
    all.insert(all.end(), {KVS_SERVER_PROGRAM, "--dir", directory.string()});
    if (std::find(arguments.begin(), arguments.end(), "--addr") == arguments.end()) {
      all.insert(all.end(), {"--addr", "127.0.0.1:0"});
    }
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
  }

  ChildProcess process_;
  std::string address_;
};

#define KVS_START_OR_FAIL(server) ASSERT_TRUE((server).is_listening()) << (server).process().error_output()

}  // namespace kvs::test
