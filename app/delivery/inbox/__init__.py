"""What comes back by mail about a send: bounces, complaints, automatic answers, replies.

Takes in a mail's bytes and the addresses that it was brought to. Only a signed address tells whose
mail it is; what a body claims of people is never believed. `reading` says what a mail is,
`came_back` what becomes of its send.
"""
