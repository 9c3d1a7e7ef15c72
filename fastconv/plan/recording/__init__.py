"""How each family of primitive steps is checked and recorded; `Graph` is their sum."""
