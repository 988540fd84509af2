"""More than one dump: what changed between them."""
