// What every program does first and last, so that what happens to its standard streams never passes unnoticed.
#pragma once

namespace kvs::apps {

// Call it before anything else. Closed standard streams stay closed for use, but no file or socket gets their numbers.
// A reader of stdout that has gone and a limit of file sizes become errors of the call instead of signals.
void PrepareProcess();

// Sends on what was printed, and returns the exit code: `exit_code`, or kExitError, with a line on stderr, where the
// output of a success did not arrive.
int FinishOutput(int exit_code);

}  // namespace kvs::apps
