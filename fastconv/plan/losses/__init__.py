"""The losses of a plan.

spec        a loss by name, with its options
targets     targets and sample weights, checked
executors   an executor for each kind of loss
objective   all losses of one plan, and how each attaches to the graph's outputs
"""
