"""TO THEM. What is held about a customer: told to them whole, and forgotten when they ask.

In: a person. Out: everything that any room holds of them, or nothing of it any more. Results stay.
Refuses to know: what anything means; each room says what it holds, in its own `personal.py`.
"""
