"""The minidump format as data: structures, streams, flags, masks and codes. Imports nothing else of ours."""
