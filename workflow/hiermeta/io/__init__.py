"""Results folders: which files there are, and reading and writing them."""
