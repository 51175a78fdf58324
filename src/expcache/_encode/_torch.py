"""Canonical bytes of torch's tensors; imported when one is met."""

from __future__ import annotations

import sys
from typing import Any

from expcache._encode._builtin import encode_str
from expcache._encode._dispatch import ENCODERS, child, named, refuse, refusing
from expcache._encode._instance import STATES
from expcache._encode._refused import SEED

_torch: Any = sys.modules["torch"]
_DENSE = "Pass a dense tensor with values, or what it is made from"


def _tensor(value: Any, depth: int) -> bytes:
    """Write dtype and values, as an array; device, strides and gradients do not count."""
    if value.layout != _torch.strided or value.is_meta or value.is_quantized:
        raise refuse(type(value), _DENSE, "tensor that is sparse, quantized or without values")
    dense = value.detach().cpu().resolve_conj().resolve_neg().contiguous()
    if dense.is_floating_point() and dense.dtype not in {_torch.float32, _torch.float64}:
        dense = dense.float()  # exact, and numpy knows no bfloat16
    return named("Tensor", _kind(value.dtype, 0), child(dense.numpy(), depth, "", value))


def _kind(value: Any, _depth: int) -> bytes:
    return named("torch", encode_str(str(value), 0))


ENCODERS.update(
    {
        _torch.Tensor: _tensor,
        _torch.dtype: _kind,
        _torch.device: _kind,
        _torch.Generator: refusing(SEED),
    },
)
STATES[_torch.Tensor] = lambda _value: {}
