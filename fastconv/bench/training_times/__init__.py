"""The table of training times: the CIFAR-10 table's network, and the recipes.

`training_run` has the base of all runs, `in_fastconv` ours; `runner` trains the missing epochs and
writes the table, whose rows are in `table` and, for the recipes, in `recipe_table`. The runs of
other libraries are in ``benchmarks/`` of a checkout.
"""
