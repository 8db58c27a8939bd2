"""The checks of tools/tidy.py, a module for each theme. Each check takes the files of the tree and yields findings."""
