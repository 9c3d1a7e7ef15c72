"""Networks that Hypothesis draws agree with Keras 3: outputs, loss, gradients, ten training steps.

Keras computes in float64 and is taken as exact. How far float32 may be from it is computed for
every network and every array by more runs of Keras: in them each layer's input, output, weights and
gradients are multiplied by 1 + d with random |d| of at most 4 √n eps, n being the longest sum of
the network. This models n roundings (Higham and Mary, "A new approach to probabilistic rounding
error analysis", 2019, theorem 2.4), and the results show how the layers propagate them. Where such
a d carries a value over a kink (ReLU's, a tie of max pooling), the result jumps: those weights are
drawn anew, and after three times the network. Keras alone decides on that.
"""

import math

import numpy as np
import pytest
from drawn_networks import networks, one_or_list
from drawn_optimizers import OF_ONE_SIZE, OPTIMIZERS, settings_of
from exact_keras import exact_keras
from hypothesis import Phase, assume, given, seed, settings

import fastconv
from fastconv import losses, optimizers
from fastconv.models.plans import model_graph
from fastconv.plan.plan import Plan

pytestmark = pytest.mark.peers
EPS = float(np.finfo(np.float32).eps)
STEPS = 10
NETWORKS = 34
# Shrinking a failing network would take minutes.
drawn = settings(max_examples=NETWORKS, derandomize=False, database=None, phases=[Phase.generate])


@pytest.fixture(scope="module")
def exact():
    with exact_keras() as made:
        yield made


def drawn_weights(rng, layers):
    """Values of about one everywhere, and the layers carry them."""
    for layer in layers:
        for parameter in layer.parameters:
            shape = parameter.shape
            if parameter.name.endswith(("gamma", "moving_variance")):
                parameter.value = rng.uniform(0.5, 1.5, shape)
            elif len(shape) > 1:
                parameter.value = rng.normal(size=shape) / math.sqrt(math.prod(shape[:-1]))
            else:
                parameter.value = rng.uniform(-0.5, 0.5, shape)
    return [[np.array(w) for w in layer.get_weights()] for layer in layers]


def drawn_targets(rng, name, rows, shape):
    """What the loss `name` takes for an output of `shape`."""
    classes = np.eye(shape[-1], dtype=np.float32)
    labels = rng.integers(0, shape[-1], (rows, *shape[:-1]))
    if name.startswith("Sparse"):
        return labels
    if name.startswith("Categorical"):
        return classes[labels]
    numbers = rng.uniform(0.1, 1, (rows, *shape)).astype(np.float32)
    if name.startswith("Binary"):
        return np.round(numbers)
    if name.endswith("Hinge"):
        return 2 * np.round(numbers) - 1
    if name == "KLDivergence":
        return numbers / numbers.sum(axis=-1, keepdims=True)
    return numbers if name == "Poisson" else 2 * numbers - 1


def drawn_data(rng, network):
    xs = [rng.normal(size=(network.rows, *s)).astype(np.float32) for s in network.shapes]
    ys = [
        drawn_targets(rng, name, network.rows, network.shape(end))
        for (name, _), end in zip(network.losses, network.ends, strict=True)
    ]
    return xs, ys


def roundings(network):
    """4 √n eps of the longest sum n: a layer's whole input, for all samples."""
    longest = max(math.prod(tensor.shape[1:]) for tensor in network.tensors)
    return 4 * math.sqrt(network.rows * longest) * EPS


def compare(found, wanted, moved, names, level):
    """Every array within the computed distance.

    And a rounding of the largest one, for what Keras's order of sums makes exactly zero.
    """
    largest = max(float(np.abs(b).max(initial=0)) for b in wanted)
    for name, a, b, far in zip(names, found, wanted, moved, strict=True):
        assert a.shape == b.shape, name
        size = float(np.abs(b).max(initial=0))
        atol = far + level * size + EPS * largest
        np.testing.assert_allclose(a, b, rtol=0, atol=atol, err_msg=name)


def check_gradients(exact, network):
    ours, layers = network.build(fastconv)
    theirs, their_layers = exact.build(network)
    their_losses = exact.losses(network)
    our_losses = [getattr(losses, name)(**how) for name, how in network.losses]
    level = roundings(network)
    for attempt in range(3):
        rng = np.random.default_rng([network.seed, attempt])
        weights = drawn_weights(rng, layers)
        xs, ys = drawn_data(rng, network)

        def run(weights=weights, xs=xs, ys=ys):
            exact.set_weights(their_layers, weights)
            inferred = exact.infer(theirs, xs)
            outputs, loss, dxs, grads = exact.train(theirs, their_layers, their_losses, xs, ys)
            still = [v.value for layer in their_layers for v in layer.non_trainable_weights]
            found = [*inferred, *outputs, loss, *dxs, *grads, *still]
            return [part.detach().numpy().copy() for part in found]

        wanted, moved = exact.spread(level, run)
        sizes = np.array([np.abs(b).max(initial=0) for b in wanted])
        if (moved <= 0.02 * np.maximum(sizes, 1e-3 * sizes.max())).all():
            break
    else:
        assume(False)

    inferred = ours.predict(one_or_list(xs), verbose=0)
    graph = model_graph(ours, tuple((shape, "float32") for shape in network.shapes))
    specs = [loss.spec for loss in our_losses]
    plan = Plan(graph, network.rows, training=True, loss=specs, input_gradient=True)
    targets = [
        loss.targets(y, network.shape(end), where="test")
        for loss, y, end in zip(our_losses, ys, network.ends, strict=True)
    ]
    value, outputs = plan.train_step(one_or_list(xs), one_or_list(targets))
    trained = [p for layer in layers for p in layer.parameters if p.trainable]
    still = [p for layer in layers for p in layer.parameters if not p.trainable]
    for p in trained:
        if p.regularizer is not None:
            value += p.regularizer.add(p.value.reshape(-1), p.grad.reshape(-1))
    several = len(network.ends) > 1
    dxs = plan.dx if len(network.shapes) > 1 else [plan.dx]
    found = [*(inferred if several else [inferred]), *(outputs if several else [outputs])]
    found += [np.asarray(value), *dxs, *(p.grad for p in trained), *(p.value for p in still)]
    names = [f"{what} {i}" for what in ("inferred", "output") for i in range(len(network.ends))]
    names += ["loss", *(f"dx {i}" for i in range(len(dxs))), *(p.name for p in (*trained, *still))]
    compare(found, wanted, moved, names, level)
    return ours, layers, theirs, their_layers


def check_steps(exact, network, name, how, models):
    ours, layers, theirs, their_layers = models
    their_losses = exact.losses(network)
    level = roundings(network)
    rate = how["learning_rate"]
    for attempt in range(3):
        rng = np.random.default_rng([network.seed, 99, attempt])
        weights = drawn_weights(rng, layers)
        xs, ys = drawn_data(rng, network)

        def run(weights=weights, xs=xs, ys=ys):
            exact.set_weights(their_layers, weights)
            peer = getattr(exact.keras.optimizers, name)(**how)
            variables = [v for layer in their_layers for v in layer.trainable_variables]
            peer.build(variables)
            for _ in range(STEPS):
                *_, grads = exact.train(theirs, their_layers, their_losses, xs, ys)
                with exact.torch.no_grad():
                    peer.apply(grads, variables)
            peer.finalize_variable_values(variables)
            return [v.value.detach().numpy().copy() for v in variables]

        wanted, moved = exact.spread(level, run)
        # A sign that a rounding flips moves a weight by twice the learning rate.
        if moved.max() < 0.1 * rate:
            break
    else:
        assume(False)

    more = {"convolutions": False} if name == "Muon" else {}
    ours.compile(
        getattr(optimizers, name)(**how, **more),
        one_or_list([getattr(losses, n)(**arguments) for n, arguments in network.losses]),
    )
    for _ in range(STEPS):
        ours.train_on_batch(one_or_list(xs), one_or_list(ys))
    ours.optimizer.finish()
    trained = [p for layer in layers for p in layer.parameters if p.trainable]
    compare([p.value for p in trained], wanted, moved, [p.name for p in trained], level)


@pytest.mark.parametrize("number", range(len(OPTIMIZERS)), ids=OPTIMIZERS)
def test_networks_and_ten_steps(exact, number):
    """Different networks for each optimizer, each with other settings: 306 in all."""
    name = list(OPTIMIZERS)[number]
    checked = 0

    @seed(number)
    @drawn
    @given(network=networks(name not in OF_ONE_SIZE), how=settings_of(name))
    def check(network, how):
        nonlocal checked
        models = check_gradients(exact, network)
        check_steps(exact, network, name, how, models)
        checked += 1

    check()
    assert checked >= NETWORKS
