"""Against Keras 3: steps of every optimizer, schedules, losses and metrics."""

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="Keras is not installed")

from fastconv import losses, metrics, optimizers  # noqa: E402
from fastconv.layers import Dense, Input  # noqa: E402
from fastconv.models import Sequential  # noqa: E402
from fastconv.optimizers import schedules  # noqa: E402
from fastconv.plan.graph import Graph  # noqa: E402
from fastconv.plan.plan import Plan  # noqa: E402

pytestmark = pytest.mark.peers
EPS = float(np.finfo(np.float32).eps)
RNG = np.random.default_rng(0)
STEPS = 10
GRADIENTS = RNG.standard_normal((STEPS, 7, 5)).astype(np.float32)
BIASES = RNG.standard_normal((STEPS, 5)).astype(np.float32)

CASES = [
    ("SGD", {"learning_rate": 0.1}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0}),
    ("SGD", {"learning_rate": 0.1, "clipvalue": 0.5}),
    ("SGD", {"learning_rate": 0.1, "global_clipnorm": 1.0, "use_ema": True, "ema_momentum": 0.8}),
    ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_overwrite_frequency": 3}),
    ("Adam", {"learning_rate": 0.05}),
    ("Adam", {"learning_rate": 0.05, "amsgrad": True, "epsilon": 1e-3, "beta_1": 0.8}),
    ("AdamW", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("RMSprop", {"learning_rate": 0.05}),
    ("RMSprop", {"learning_rate": 0.05, "momentum": 0.5, "centered": True, "epsilon": 1e-2}),
    ("Adagrad", {"learning_rate": 0.1}),
    ("Adagrad", {"learning_rate": 0.1, "initial_accumulator_value": 0.5, "epsilon": 1e-2}),
    ("Nadam", {"learning_rate": 0.05}),
    ("Lamb", {"learning_rate": 0.05, "weight_decay": 0.1}),
    ("Lion", {"learning_rate": 0.01, "weight_decay": 0.1}),
    ("Muon", {"learning_rate": 0.01}),
    ("Muon", {"learning_rate": 0.01, "nesterov": False, "rms_rate": None, "weight_decay": 0.1}),
]


@pytest.mark.parametrize(("name", "arguments"), CASES)
def test_ten_steps(name, arguments):
    model = Sequential([Input((7,)), Dense(5)], seed=1)
    model.compile(getattr(optimizers, name)(**arguments), "mse")
    model.evaluate(np.zeros((1, 7)), np.zeros((1, 5)), verbose=0)
    kernel, bias = model.parameters
    bias.value = RNG.standard_normal(5)
    variables = [keras.Variable(p.value) for p in (kernel, bias)]
    peer = getattr(keras.optimizers, name)(**arguments)
    peer.build(variables)
    for dw, db in zip(GRADIENTS, BIASES, strict=True):
        kernel.allocate_grad()[...] = dw
        bias.allocate_grad()[...] = db
        model.optimizer.apply()
        peer.apply([keras.ops.convert_to_tensor(g) for g in (dw, db)])
    model.optimizer.finish()
    peer.finalize_variable_values(variables)
    for parameter, variable in zip((kernel, bias), variables, strict=True):
        wanted = keras.ops.convert_to_numpy(variable)
        # Ten steps of order 1 at most, a dozen roundings each; Keras rounds the powers of the
        # betas to float32 before it takes them from 1, which costs it a factor 1 / (1 - beta_2).
        # Muon multiplies matrices five times in each step.
        lost = 1e3 if name in ("Adam", "AdamW", "Nadam", "Lamb", "Muon") else 8
        np.testing.assert_allclose(parameter.value, wanted, atol=STEPS * 16 * EPS * lost / 8)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("ExponentialDecay", (0.1, 7, 0.5)),
        ("ExponentialDecay", (0.1, 7, 0.5, True)),
        ("InverseTimeDecay", (0.1, 7, 0.5, True)),
        ("PolynomialDecay", (0.1, 7, 0.01, 2.0, False)),
        ("PolynomialDecay", (0.1, 7, 0.01, 2.0, True)),
        ("PiecewiseConstantDecay", ([3, 9], [0.1, 0.2, 0.3])),
        ("CosineDecayRestarts", (0.1, 7)),
        ("CosineDecayRestarts", (0.1, 7, 1.5, 0.5, 0.1)),
        ("CosineDecayRestarts", (0.1, 7, 1.0, 0.5, 0.1)),
    ],
)
def test_schedules(name, arguments):
    ours = getattr(schedules, name)(*arguments)
    peer = getattr(keras.optimizers.schedules, name)(*arguments)
    for step in range(40):
        if name == "CosineDecayRestarts" and step in (7, 21, 14, 28, 35):
            continue  # at a restart Keras's float32 quotient may fall on either side
        assert ours(step) == pytest.approx(float(peer(step)), rel=1e-4, abs=1e-6), step


def test_cosine_decay_with_a_warm_up():
    how = {"alpha": 0.1, "warmup_target": 0.3, "warmup_steps": 5}
    ours = schedules.CosineDecay(0.1, 20, **how)
    peer = keras.optimizers.schedules.CosineDecay(0.1, 20, **how)
    plain = keras.optimizers.schedules.CosineDecay(0.1, 20, alpha=0.1)
    for step in range(30):
        assert ours(step) == pytest.approx(float(peer(step)), rel=1e-5)
        assert schedules.CosineDecay(0.1, 20, 0.1)(step) == pytest.approx(float(plain(step)))


LABELS = RNG.integers(0, 4, 30)
ONE_HOT = np.eye(4, dtype=np.float32)[LABELS]
LOGITS = RNG.standard_normal((30, 4)).astype(np.float32)
CHANCES = (np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)).astype(np.float32)
OTHERS = RNG.dirichlet(np.ones(4), 30).astype(np.float32)
SAMPLE_WEIGHTS = RNG.random(30).astype(np.float32)

LOSSES = [
    ("MeanSquaredError", {}, OTHERS, LOGITS),
    ("MeanAbsoluteError", {}, OTHERS, LOGITS),
    ("Huber", {"delta": 0.5}, OTHERS, LOGITS),
    ("LogCosh", {}, OTHERS, LOGITS),
    ("Hinge", {}, ONE_HOT, LOGITS),
    ("SquaredHinge", {}, ONE_HOT, LOGITS),
    ("KLDivergence", {}, OTHERS, CHANCES),
    ("Poisson", {}, OTHERS, CHANCES),
    ("BinaryCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, CHANCES),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, ONE_HOT, LOGITS),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True}, ONE_HOT, CHANCES),
    ("BinaryFocalCrossentropy", {"gamma": 1.5, "from_logits": True}, ONE_HOT, LOGITS),
    ("CategoricalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, CHANCES),
    ("CategoricalCrossentropy", {"from_logits": True}, ONE_HOT, LOGITS),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.1}, ONE_HOT, CHANCES),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "gamma": 1.5}, ONE_HOT, LOGITS),
    ("SparseCategoricalCrossentropy", {}, LABELS, CHANCES),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, LABELS, LOGITS),
]


@pytest.mark.parametrize("weights", [None, SAMPLE_WEIGHTS])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize(("name", "arguments", "y_true", "y_pred"), LOSSES)
def test_losses_and_their_gradients(name, arguments, y_true, y_pred, reduction, weights):
    if keras.backend.backend() != "torch":
        pytest.skip("gradients are asked of Keras's backend torch")
    import torch

    arguments = {**arguments, "reduction": reduction}
    loss = getattr(losses, name)(**arguments)
    graph = Graph()
    graph.output(graph.affine(graph.input((4,)), 1, 0))
    plan = Plan(graph, 30, training=True, loss=loss.spec, input_gradient=True)
    value, _ = plan.train_step(y_pred, loss.targets(y_true, (4,), where="test"), weights)
    outputs = torch.tensor(y_pred, requires_grad=True)
    peer = getattr(keras.losses, name)(**arguments)(y_true, outputs, sample_weight=weights)
    peer.backward()
    wanted = float(peer.detach())
    assert value == pytest.approx(wanted, rel=64 * EPS)
    gradient = outputs.grad.numpy()
    np.testing.assert_allclose(plan.dx, gradient, atol=128 * EPS * np.abs(gradient).max())


METRICS = [
    ("CategoricalAccuracy", {}, ONE_HOT, CHANCES),
    ("SparseCategoricalAccuracy", {}, LABELS, CHANCES),
    ("BinaryAccuracy", {"threshold": 0.3}, ONE_HOT, CHANCES),
    ("TopKCategoricalAccuracy", {"k": 2}, ONE_HOT, CHANCES),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, LABELS, CHANCES),
    ("Precision", {}, ONE_HOT, CHANCES),
    ("Recall", {"thresholds": 0.3}, ONE_HOT, CHANCES),
    ("Accuracy", {}, LABELS, CHANCES.argmax(axis=1)),
    ("F1Score", {}, ONE_HOT, CHANCES),
    ("F1Score", {"average": "macro"}, ONE_HOT, CHANCES),
    ("F1Score", {"average": "micro"}, ONE_HOT, CHANCES),
    ("F1Score", {"average": "weighted", "threshold": 0.4}, ONE_HOT, CHANCES),
    ("AUC", {}, ONE_HOT, CHANCES),
    ("AUC", {"num_thresholds": 50, "curve": "PR"}, ONE_HOT, CHANCES),
    ("MeanSquaredError", {}, OTHERS, CHANCES),
    ("RootMeanSquaredError", {}, OTHERS, CHANCES),
    ("MeanAbsoluteError", {}, OTHERS, CHANCES),
]


@pytest.mark.parametrize("weights", [None, SAMPLE_WEIGHTS])
@pytest.mark.parametrize(("name", "arguments", "y_true", "y_pred"), METRICS)
def test_metrics(name, arguments, y_true, y_pred, weights):
    ours, peer = (getattr(m, name)(**arguments) for m in (metrics, keras.metrics))
    for part in (slice(0, 12), slice(12, 30)):
        some = None if weights is None else weights[part]
        ours.update_state(y_true[part], y_pred[part], some)
        # In this shape Keras takes a weight for each output of AUC, precision and recall.
        peer.update_state(y_true[part], y_pred[part], some)
    np.testing.assert_allclose(ours.result(), np.asarray(peer.result()), rtol=1e-5)
