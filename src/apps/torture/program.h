// RunProgram: another program, run to its end.
#pragma once

#include <string>
#include <vector>

namespace kvs::torture {

struct Outcome {
  int exit_code;       // 128 + N: signal N ended it; 127: it could not be started.
  std::string output;  // With the error output, in the order in which they came.
};

// words: in, the path of the program and its arguments. It has nothing on its input. Any thread.
Outcome RunProgram(std::vector<std::string> words);

}  // namespace kvs::torture
