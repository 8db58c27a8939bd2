// Exit code 0 if half of the first thousand numbers are odd.
bool IsOdd(unsigned number);

int main() {
  unsigned odd = 0;
  for (unsigned number = 0; number < 1'000; ++number) {
    if (IsOdd(number)) ++odd;
  }
  return odd == 500 ? 0 : 1;
}
