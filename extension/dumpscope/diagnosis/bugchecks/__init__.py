"""Bug checks on a kernel dump: what the values of the parameters are, and which driver is most likely meant."""
