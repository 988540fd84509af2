"""Reading a dump: a bounded source, header and directory, one family of streams to a module. Never prints."""
