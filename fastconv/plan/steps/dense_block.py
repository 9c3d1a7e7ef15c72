"""Dense layer with what may follow it: matrix product + bias + ReLU -> dropout."""

from __future__ import annotations

from fastconv.kernels.elementwise.arithmetic import bias_grad, relu_bwd
from fastconv.kernels.elementwise.dropout import dropout_bwd, dropout_fwd
from fastconv.kernels.matmul.gemm import gemm
from fastconv.plan.fuse import FusedStep
from fastconv.plan.primitives import Activation, Dense, Dropout
from fastconv.plan.steps.base import Executor, Setting, flat, rows_2d


class DenseBlock(Executor):
    """y = dropout(relu(x @ w + b)), w (ic, oc); the ReLU and the dropout are optional.

    y > 0 is the mask of the ReLU also behind the dropout: a dropped element has no gradient anyway.
    """

    algorithm = "gemm"

    def __init__(self, step: FusedStep, setting: Setting) -> None:
        super().__init__(step, setting)
        dense = step.find(Dense)
        assert dense is not None
        self.w, self.b = dense.w, dense.b
        self.activation = "none" if step.find(Activation) is None else "relu"
        self.dropout = step.find(Dropout)
        self.reads_input = setting.backward and self.w.trainable
        self.reads_output = setting.backward and self.activation == "relu"
        self.flops = 2 * setting.rows * step.inputs[0].size * self.w.shape[1]

    def forward(self, training: bool, step: int) -> None:
        y = self.output
        bias = None if self.b is None else self.b.value
        gemm(rows_2d(self.inputs[0]), self.w.value, rows_2d(y), 1.0, 0.0, bias, self.activation)
        if self.dropout is not None and training:
            dropout_fwd(flat(y), flat(y), self.dropout.rate, self.dropout.seed, step)

    def backward(self, step: int) -> None:
        dy = self.d_output
        if self.dropout is not None:
            dropout_bwd(flat(dy), flat(dy), self.dropout.rate, self.dropout.seed, step)
        if self.activation == "relu":
            relu_bwd(flat(dy), flat(self.output), flat(dy))
        dy = rows_2d(dy)
        if self.b is not None and self.b.trainable:
            bias_grad(dy, self.gradient(self.b))
        if self.w.trainable:
            gemm(rows_2d(self.inputs[0]).T, dy, self.gradient(self.w), 1.0, 0.0)
        dx = self.d_inputs[0]
        if dx is not None:
            gemm(dy, self.w.value.T, rows_2d(dx), 1.0, 0.0)
