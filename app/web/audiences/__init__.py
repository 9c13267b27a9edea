"""The people who can be mailed, how they came in, and who is left out."""
