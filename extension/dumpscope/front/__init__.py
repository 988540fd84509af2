"""The faces: command line, REPL, WinDbg. Each parses, runs, renders and writes; nothing else."""
