"""Pages without a log-in: the way out of mail, answers, the Friday page."""
