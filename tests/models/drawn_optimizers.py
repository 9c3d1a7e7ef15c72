"""Optimizers with settings that Hypothesis draws."""

from hypothesis import strategies as st

BOOLS = [False, True]
# Where a step has one size whatever the gradient's, a gradient that is nothing but roundings moves
# the weights; normalized layers have such gradients.
OF_ONE_SIZE = ("Lion", "Lamb", "Muon")
# What each takes besides the shared settings. The epsilons are large, so that a gradient that is
# nothing but roundings makes no step of the learning rate's size.
OPTIMIZERS = {
    "SGD": {"learning_rate": [0.05], "momentum": [0.0, 0.9], "nesterov": BOOLS},
    "Adam": {"learning_rate": [0.01], "beta_1": [0.9, 0.8], "beta_2": [0.999, 0.9],
             "amsgrad": BOOLS, "epsilon": [1e-2, 1e-3]},
    "AdamW": {"learning_rate": [0.01], "weight_decay": [0.1, 0.004], "epsilon": [1e-2, 1e-3]},
    "RMSprop": {"learning_rate": [0.01], "rho": [0.9, 0.5], "momentum": [0.0, 0.5],
                "centered": BOOLS, "epsilon": [1e-2, 1e-3]},
    "Adagrad": {"learning_rate": [0.05], "initial_accumulator_value": [0.1, 0.5],
                "epsilon": [1e-3]},
    "Nadam": {"learning_rate": [0.01], "epsilon": [1e-2, 1e-3]},
    "Lion": {"learning_rate": [0.01], "beta_1": [0.9, 0.5]},
    "Lamb": {"learning_rate": [0.01], "epsilon": [1e-2, 1e-3]},
    "Muon": {"learning_rate": [0.01], "nesterov": BOOLS, "ns_steps": [5, 2],
             "rms_rate": [0.2, None], "epsilon": [1e-2]},
}  # fmt: skip
DECAYS = [{}, {"weight_decay": 0.01}]
CLIPS = [{}, {"clipnorm": 0.5}, {"clipvalue": 0.1}, {"global_clipnorm": 0.5}]
MEANS = [{}, {}, {"use_ema": True, "ema_momentum": 0.8},
         {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3}]  # fmt: skip


@st.composite
def settings_of(draw, name):
    """Arguments for the optimizer `name`."""
    pick = draw(st.randoms(use_true_random=True)).choice
    own = {key: pick(values) for key, values in OPTIMIZERS[name].items()}
    shared = {}
    for choices in (DECAYS, CLIPS, MEANS):
        shared |= pick(choices)
    return shared | own
