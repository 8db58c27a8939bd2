// The first and the last step of every program. They make sure that errors of its standard streams are noticed.
#pragma once

namespace kvs::apps {

// Call it before anything else. Closed standard streams stay closed, but no file or socket gets their numbers. A closed
// reader of stdout and a limit of file sizes become errors of the call instead of signals.
void PrepareProcess();

// Flushes the output and returns the exit code. If the output of a success did not arrive, prints a line to stderr and
// returns kExitError; otherwise returns `exit_code`.
int FinishOutput(int exit_code);

}  // namespace kvs::apps
