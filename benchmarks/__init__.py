"""How fast the reader is, beside other readers and beside the barest loop that does the same: ``python -m benchmarks``."""
