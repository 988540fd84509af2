"""Call stacks: the frames of each thread, how each was found, and why a stack ends."""
