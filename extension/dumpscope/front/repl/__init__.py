"""The REPL: a session over one or more dumps. prompt_toolkit and pygments are imported in this package alone, and late."""
