"""Inputs that mean harm: mutated dumps, bombs, hostile text, and files that change while they are read."""
