"""Lessons, and what takes a learner through them."""
