"""Measurements of ``fastconv bench``: a network against the machine's roofline, and the table of
training times."""
