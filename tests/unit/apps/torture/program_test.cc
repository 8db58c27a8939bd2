// Promised: a program runs to its end, and its exit code and all of its output are told.
#include "apps/torture/program.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

namespace kvs::torture {
namespace {

TEST(RunProgramTest, TellsExitCodeAndBothOutputsInOrder) {
  const Outcome outcome = RunProgram({"/bin/sh", "-c", "echo one; echo two >&2; exit 3"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_EQ(outcome.output, "one\ntwo\n");
}

TEST(RunProgramTest, ReadsMoreThanAPipeHolds) {
  const Outcome outcome = RunProgram({"/bin/sh", "-c", "head -c 300000 /dev/zero"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_EQ(outcome.output.size(), 300'000U);
}

TEST(RunProgramTest, TellsTheSignalThatEndedIt) {
  EXPECT_EQ(RunProgram({"/bin/sh", "-c", "kill -9 $$"}).exit_code, 128 + SIGKILL);
}

TEST(RunProgramTest, SaysWhatCannotBeStarted) {
  const Outcome outcome = RunProgram({"/nowhere/program"});
  EXPECT_EQ(outcome.exit_code, 127);
  EXPECT_THAT(outcome.output, testing::HasSubstr("/nowhere/program"));
}

}  // namespace
}  // namespace kvs::torture
