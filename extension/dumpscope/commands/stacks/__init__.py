"""Commands about stacks: the frames of threads, one frame, and what threads wait for."""
