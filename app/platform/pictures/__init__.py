"""A drawing of a page as a file of its own.

Takes what a template drew (SVG in percent, with classes) and the style sheet; gives SVG that any
program opens, with every length and colour in it, and PNG of that. Knows no product word.
"""
