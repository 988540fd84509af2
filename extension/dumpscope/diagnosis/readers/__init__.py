"""What readers other than dumpscope make of a file: which open it, which refuse it, and the byte that decides."""
