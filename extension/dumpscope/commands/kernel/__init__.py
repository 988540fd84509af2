"""What the commands answer on a kernel dump."""
