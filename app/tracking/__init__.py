"""TRACK. What comes back: clicks, opens and answers, and whether a person was behind them.

In: requests for signed links, journalled before they are answered. Out: raw hits with a verdict,
its rule and reason; the outcome fields that they decide; what people answered.
Refuses to know: mails, sending, statistics. Facts about a send come through `ports.SendFacts`.
"""
