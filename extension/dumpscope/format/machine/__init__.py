"""Structures of the running machine that a kernel dump holds pieces of: objects of the kernel, and hardware error records."""
