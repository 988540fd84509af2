"""What Microsoft's debugger engine accepts of a dump, and what its commands answer."""
