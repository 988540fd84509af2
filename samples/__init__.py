"""Small dumps that show one thing each, and the programs that build them."""
