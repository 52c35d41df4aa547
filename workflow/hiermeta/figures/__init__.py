"""One file per figure: from result tables to SVG files that carry their own description."""
