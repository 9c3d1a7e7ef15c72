"""Steps of the optimizers, and sums over parameters."""
