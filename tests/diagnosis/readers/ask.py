"""Run by the Python that has the readers: ``ask.py READER`` with paths on standard input gives a line ``verdict<TAB>path`` for each.

A reader that ends the process, or needs more than 10 seconds of CPU for a file, leaves no line: who asks goes on behind that file.
"""

import os
import resource
import sys


def minidump(path):
    import logging

    from minidump.minidumpfile import MinidumpFile

    logging.disable(logging.CRITICAL)
    MinidumpFile.parse(path)
    return True


def udmp(path):
    import udmp_parser

    return udmp_parser.UserDumpParser().Parse(path)


def lldb(path):
    import lldb as reader

    debugger = reader.SBDebugger.Create(False)
    error = reader.SBError()
    process = debugger.CreateTarget("").LoadCore(path, error)
    good = error.Success() and process.IsValid()
    reader.SBDebugger.Destroy(debugger)
    return good


READERS = {"minidump": minidump, "udmp-parser": udmp, "lldb": lldb}
CPU = 10


def main(name):
    answers = os.dup(1)
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    for line in sys.stdin:
        path = line.rstrip("\n")
        used = resource.getrusage(resource.RUSAGE_SELF)
        resource.setrlimit(resource.RLIMIT_CPU, (int(used.ru_utime + used.ru_stime) + CPU, resource.RLIM_INFINITY))
        try:
            good = READERS[name](path)
        except Exception:  # noqa: BLE001 - whatever it raises is a refusal
            good = False
        os.write(answers, f"{'opens' if good else 'refuses'}\t{path}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1])
