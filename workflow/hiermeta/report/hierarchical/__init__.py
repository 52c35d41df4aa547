"""What the report of a hierarchical regression says."""
