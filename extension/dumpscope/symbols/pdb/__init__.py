"""PDB files: their streams, the symbols of their objects, their types."""
