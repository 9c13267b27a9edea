"""What customers and respondents read of ours, in their language.

In: an English sentence of ours, and a language. Out: the sentence in that language, or in English
where we do not know it; days, moments and numbers as that language writes them. Refuses to know:
who reads it, where it stands, and the framework.
"""
