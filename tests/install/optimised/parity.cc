bool IsOdd(unsigned number);

bool IsOdd(unsigned number) { return number % 2 == 1; }
