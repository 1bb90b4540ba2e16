"""Parsers with limits for every value from outside.

An invalid value raises InvalidInput with the field and the fix. Nothing here raises any other error for any input:
5,000 digits, the year 9999, control characters, lone surrogates, deep nesting.
"""
