"""What contenders.py runs, by subject; each work imports the reader that it needs itself."""
