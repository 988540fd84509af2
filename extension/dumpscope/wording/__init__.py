"""Values as words for people."""
