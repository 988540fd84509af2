"""The atlas: one page about one dump, for a browser without a network."""
