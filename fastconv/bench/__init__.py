"""What ``fastconv bench`` does: a network against the machine's roofline, and the table of the
times that training takes."""
