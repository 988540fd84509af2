"""What a session knows: the dump, the current thread, commands, expressions, places, spellings, offers."""
