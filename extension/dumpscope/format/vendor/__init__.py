"""Streams of writers other than Microsoft's, as data."""
