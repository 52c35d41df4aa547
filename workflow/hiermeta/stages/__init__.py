"""The stages of an analysis: each reads the files that earlier stages left in a results folder, and writes its own."""
