"""Answers of commands on user dumps of the old format (USERDUMP, USERDU64)."""
