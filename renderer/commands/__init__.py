"""The command line: options and help of each command, and one call of its use case."""
