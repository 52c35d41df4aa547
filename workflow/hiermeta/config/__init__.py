"""The config file: what it may hold, reading it strictly, and one complete entry per analysis."""
