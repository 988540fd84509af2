#! python3
"""Writes a minidump of a running process: python writedump.py PID|NAME OUT --flags 0x1105 (see --help)."""

import os
import sys

extension = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(sys.argv[0]))), "extension")
if os.path.isdir(os.path.join(extension, "dumpscope")) and extension not in sys.path:
    sys.path.insert(0, extension)

from dumpscope.front.cli.main import main  # noqa: E402

sys.exit(main(["writedump", *sys.argv[1:]]))
