"""Fetches the source named on the command line, as the command does; killed by a test."""

from __future__ import annotations

import sys

from feedback_mining.cli import main

if __name__ == "__main__":
    sys.exit(main(["fetch", sys.argv[1], "--store", sys.argv[2]]))
