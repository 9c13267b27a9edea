"""The signed token that ties a click to a send, and the keys that sign it.

In: numbers and secrets. Out: short strings that only we can have made, and their meaning back.
Refuses to know: what the numbers stand for, where anything is stored, and the framework.
"""
