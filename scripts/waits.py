#! python3
"""!py waits in WinDbg; elsewhere: python waits.py app.dmp"""

import os
import sys

for folder in (os.path.dirname(sys.argv[0]), *sys.path[:1]):
    extension = os.path.join(os.path.dirname(os.path.abspath(folder or ".")), "extension")
    if os.path.isdir(os.path.join(extension, "dumpscope")):
        sys.path[:] = [extension] + [place for place in sys.path if place != extension]
        break

from dumpscope.front.windbg.main import run  # noqa: E402

status = run("waits", sys.argv[1:])
if status and not hasattr(sys.stdout, "writedml"):
    sys.exit(status)
