"""Unwinding of ARM64 code by packed unwind data and by the codes of .xdata."""
