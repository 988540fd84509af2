"""Writing dumps, on Windows: which rights the flags need, and the calls that write."""
