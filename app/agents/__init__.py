"""Agents: what a program of somebody else may read here, and draft, over MCP.

Launching and deciding stay with a person: no tool of the table does either. Nothing personal leaves
through it.
"""
