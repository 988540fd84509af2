"""Kernel dumps: what a blue screen leaves behind."""
