"""Images and symbols: PE images in memory or in files, where they are looked for, and who names an address."""
