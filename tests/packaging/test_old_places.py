"""Keras's older import paths lead to the same things."""

OLD_PLACES = """
