"""Every byte of a dump with its owner: bytes, whatis and map stand on it."""
