"""The table of the times that training the CIFAR-10 table's network takes, and its recipes.

`training_run` says what a run is, `in_fastconv` has ours, `runner` trains what is missing and
writes the table, whose rows are in `table` and, for the recipes, in `recipe_table`. What trains the
same in other libraries lies in ``benchmarks/`` of a checkout.
"""
