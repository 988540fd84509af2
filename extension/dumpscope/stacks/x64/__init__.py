"""Unwinding of x64 code by RUNTIME_FUNCTION and UNWIND_INFO."""
