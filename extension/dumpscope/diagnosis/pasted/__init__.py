"""What people paste: error messages of debuggers, readers and writers of dumps, and the codes in them."""
