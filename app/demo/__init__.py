"""Halvern, planning software for bakeries: an invented organisation whose customers click.

In: an empty data folder. Out: an organisation seeded through the real rooms, and simulated
customers and scanners who use the public addresses over HTTP, as anybody would.
"""
