"""Features and their slices: the board, and what was learnt."""
