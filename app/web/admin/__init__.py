"""Who may do what, what is connected, what waits, and help."""
