"""How results are written for people: numbers first of all."""
