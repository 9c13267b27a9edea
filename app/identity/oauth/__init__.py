"""Agents that somebody lets in from a page of ours: OAuth 2.1 for `/mcp`, and for nothing else.

Takes in what a program asks and what its person answers; gives out a code, then short-lived tokens.
Every program is public: nobody's secret but the person's own session, the code and its verifier.
"""
