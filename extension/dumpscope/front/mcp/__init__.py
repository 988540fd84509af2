"""A server for agents: the commands as tools of the Model Context Protocol."""
