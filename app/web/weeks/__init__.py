"""Every week: the review, its agenda, and where time went."""
