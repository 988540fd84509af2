"""One function to a command: (session, args) -> blocks. Commands never print, prompt, exit or ask who is calling."""
