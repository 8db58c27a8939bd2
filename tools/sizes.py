#!/usr/bin/env python3
"""Prints how long the functions and files of src are, and the share of each folder. Usage: sizes.py [ROOT]

A function is as long as its lines from the first of its signature to its last brace. Comments and blank lines count.
tools/tidy.py complains of those that are too long.
"""

import pathlib
import sys

from checks.sizes import report
from checks.tree import load


def main(arguments: list[str]) -> int:
    root = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent).resolve()
    print("\n".join(report(load(root))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
