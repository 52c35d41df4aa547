"""Config, tables and effect sizes: everything between the user's files and a validated table."""
