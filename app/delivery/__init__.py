"""SEND. From an enrolment to a mail that a server took, once.

In: a launched experiment's design and its enrolments; replies of mail servers; unsubscribe clicks.
Out: sends with their states, destinations of links, outcomes released and settled, the outbox.
Refuses to know: who clicked and why, what a result means, how a page looks.
"""
