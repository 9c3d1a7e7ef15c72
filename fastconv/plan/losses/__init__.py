"""The losses of a plan.

spec        which loss
targets     targets and sample weights, checked
step        an executor for each kind of loss
objective   all losses of one plan, and where each meets the graph's outputs
"""
