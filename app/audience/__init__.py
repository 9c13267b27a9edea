"""Who can be asked: people, the audiences they are in, imports, and who must not be mailed.

In: files of people, one insight each. Out: members with their columns, in a fixed order.
Refuses to know: experiments, mail and clicks.
"""
