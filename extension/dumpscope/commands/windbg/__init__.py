"""WinDbg from outside: what to type there, and the scripts and aliases for it."""
