"""Inside WinDbg: scripts that ``!py`` runs."""
