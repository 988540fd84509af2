"""x86: epilogues."""
