"""One experiment from its first word to its decision."""
