"""Lexical scopes inside one definition, and the dotted names used in them."""

from __future__ import annotations

import ast

__all__ = ["Block", "Chain", "bind", "chain_of", "container_of", "home_of"]

Chain = tuple[str, ...]


class Block:
    """One lexical scope inside the definition."""

    __slots__ = ("bound", "declared", "kind", "parent")

    def __init__(self, parent: Block | None, kind: str) -> None:
        """Begin without names."""
        self.parent = parent
        self.kind = kind
        self.bound: set[str] = set()
        self.declared: set[str] = set()  # global or nonlocal


def chain_of(node: ast.AST) -> Chain | None:
    """Return `("a", "b", "c")` for `a.b.c`, and None for what does not begin with a name."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (node.id, *reversed(names)) if isinstance(node, ast.Name) else None


def container_of(node: ast.AST) -> Chain | None:
    """Return the chain that a store into the node changes: `a.b` for `a.b[0].c[1]`."""
    while True:
        chain = chain_of(node)
        if chain is not None:
            return chain
        if not isinstance(node, (ast.Subscript, ast.Attribute, ast.Starred)):
            return None
        node = node.value


def bind(name: str, block: Block) -> None:
    """Make the name belong to the block, unless it was declared global or nonlocal there."""
    if name not in block.declared:
        block.bound.add(name)


def home_of(name: str, block: Block) -> Block:
    """Return the scope that the name belongs to, seen from the block."""
    here: Block | None = block
    while here is not None and here.parent is not None:
        visible = here is block or here.kind != "class"
        if visible and name in here.bound and name not in here.declared:
            return here
        here = here.parent
    return _outermost(block)


def _outermost(block: Block) -> Block:
    while block.parent is not None:
        block = block.parent
    return block
