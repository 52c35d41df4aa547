"""What the page says: cells, sentences and tables from result files, and rendering them."""
