"""Who waits for what, where registers, code and captured memory prove it."""
