"""What generated code calls: documents, lookups, scans and conflicts."""

import gc
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from comply.plan.builtins.failure import BuiltinError, Evaluation
from comply.plan.values import UNDEFINED, RegoSet, Value, equal, freeze, sort, thaw
from comply.plan.values import ordered_items as ordered_pairs

MISSING: Final = (KeyError, IndexError, TypeError)
Index = dict[Any, list[Value]]
Remembered = defaultdict[int, dict[str, bool]]
Node = tuple[Callable[..., Value] | None, dict[str, Any]]


class EvaluationError(Exception):
    """A failure that ends an evaluation; `source` and `at` tell the place."""

    def __init__(self, code: str, message: str, source: int, at: int) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.source = source
        self.at = at


class Context:
    """One evaluation: the documents, what was computed, and what `with` replaced.

    `mocks` maps the id of a rule to the value that stands for it, the id of a function
    or the name of a built-in to a callable that takes the context and the operands.
    `trace`, where it is a list, receives what is looked up in indexes. `kept` and
    `places` are for who brings `memo` and `indexes` up to date: what each element adds
    to a rule, and where elements are in a partition. `remembered` holds, for places in
    the code, the texts whose test is known to succeed or fail: evaluations of one program
    may share it. `joins` holds indexes of collections, `lasting` those of what does not
    follow from the input.
    """

    __slots__ = (
        "data", "evaluation", "indexes", "input", "joins", "kept", "lasting", "memo",
        "mocks", "places", "remembered", "strict", "trace", "tree",
    )  # fmt: skip

    def __init__(
        self,
        tree: Node,
        input_: Value,
        data: Value,
        evaluation: Evaluation,
        remembered: Remembered | None = None,
    ) -> None:
        self.tree = tree
        self.input = input_
        self.data = data
        self.evaluation = evaluation
        self.indexes: dict[Any, Index] = {}
        self.joins: dict[Any, Any] = {}
        self.lasting: dict[Any, Any] = {}
        self.memo: dict[Any, Any] = {}
        self.kept: dict[int, Any] = {}
        self.places: dict[Any, dict[int, int]] = {}
        self.mocks: dict[Any, Any] = {}
        self.remembered = defaultdict(dict) if remembered is None else remembered
        self.strict = False
        self.trace: list[Any] | None = None

    def clear(self, data: Value, lasting: Iterable[int] = ()) -> None:
        """Forget what was computed, for an evaluation of another input.

        `lasting` rules keep their values while the base documents stay the same object.
        """
        same = data is self.data
        memo = {rule: self.memo[rule] for rule in lasting if same and rule in self.memo}
        if not same:
            self.data = data
            self.lasting.clear()
        for held in (self.indexes, self.joins, self.kept, self.places, self.mocks):
            if held:
                held.clear()
        self.memo = memo
        self.evaluation.cache.clear()

    def replaced(
        self, changes: Sequence[tuple[tuple[str, ...], Any, Any]]
    ) -> "Context":
        """Return a context in which each (path, value, rules) change holds.

        `rules` pairs the id of each rule at or under a data path with the steps that
        lead to its value in `value`; it is None for functions, whose `value` is a
        callable or the value that every call gives.
        """
        new = Context(
            self.tree, self.input, self.data, self.evaluation, self.remembered
        )
        new.strict = self.strict
        new.mocks = dict(self.mocks)
        if all(path[0] != "input" for path, _, _ in changes):
            new.indexes = self.indexes
        for path, value, rules in changes:
            if path[0] == "input":
                new.input = _put(new.input, path[1:], value)
            elif path[0] == "data" and callable(value):
                for rule, _ in rules:
                    new.mocks[rule] = value
            elif path[0] == "data":
                new.data = _put(new.data, path[1:], value)
                for rule, steps in rules:
                    new.mocks[rule] = _follow(value, steps)
            else:
                new.mocks[path[0]] = value
        return new

    def failed(self, error: BuiltinError, name: str, source: int, at: int) -> None:
        """Raise a built-in's error in strict mode; otherwise it means undefined."""
        if self.strict or error.halts:
            message = f"{error.function or name}: {error.message}"
            raise EvaluationError(error.code, message, source, at) from error


def always(value: Value) -> Callable[..., Value]:
    """Return a function that gives `value` whatever it is called with."""

    def constant(_context: Context, *_operands: Value) -> Value:
        return value

    return constant


def standing_in(
    function: Callable[..., Value],
    contextual: bool,  # noqa: FBT001  (positional in generated code)
    name: str,
) -> Callable[..., Value]:
    """Return a built-in as a function of the context and the operands.

    An error of it tells its name: whoever calls it thinks it to be another.
    """

    def call(context: Context, *operands: Value) -> Value:
        first = (context.evaluation,) if contextual else ()
        try:
            return function(*first, *operands)
        except BuiltinError as error:
            error.function = name
            raise

    return call


def call_mock(context: Context, key: object, *operands: Value) -> Value:
    """Return what stands for the function `key`, which it can still call itself."""
    inner = context.replaced(())
    return inner.mocks.pop(key)(inner, *operands)


def mockable(
    context: Context,
    name: str,
    function: Callable[..., Value],
    contextual: bool,  # noqa: FBT001
    *operands: Value,
) -> Value:
    """Return the result of a built-in, or of what some `with` put in its place."""
    if name in context.mocks:
        return call_mock(context, name, *operands)
    first = (context.evaluation,) if contextual else ()
    return function(*first, *operands)


def _put(document: Value, path: tuple[str, ...], value: Value) -> Value:
    """Return `document` with `value` at `path`, sharing all that did not change."""
    if not path:
        return value
    base = document if type(document) is dict else {}
    inner = _put(base.get(path[0], UNDEFINED), path[1:], value)
    return {**base, path[0]: inner}


def _follow(value: Value, steps: Iterable[str]) -> Value:
    for step in steps:
        if type(value) is not dict or step not in value:
            return UNDEFINED
        value = value[step]
    return value


def item(source: Value, key: Value) -> Value:
    """Return `source[key]`.

    Raises:
        KeyError: if there is none.
    """
    kind = type(source)
    if kind is dict:
        return source[key if type(key) is str else freeze(key)]
    if kind is list:
        if type(key) is int and key >= 0:
            return source[key]
        if isinstance(key, float) and key >= 0 and key == int(key):
            return source[int(key)]
        raise KeyError(key)
    if kind is RegoSet:
        return source.members[freeze(key)]
    raise KeyError(key)


def stored(source: Value, key: Value) -> Value:
    """Return `source[key]` of a base document, whose keys are all strings.

    Raises:
        KeyError: if there is none.
    """
    if type(source) is dict and type(key) is int:
        return source[str(key)]
    return item(source, key)


def values(source: Value) -> Iterable[Value]:
    """Return the elements of a collection; of anything else, none."""
    kind = type(source)
    if kind is list:
        return source  # type: ignore[no-any-return]
    if kind is dict:
        return source.values()  # type: ignore[no-any-return]
    if kind is RegoSet:
        return source.members.values()  # type: ignore[no-any-return]
    return ()


def entries(source: Value) -> Iterable[tuple[Value, Value]]:
    """Return the (key, element) pairs of a collection; of anything else, none."""
    kind = type(source)
    if kind is list:
        return enumerate(source)
    if kind is dict:
        return _object_entries(source)
    if kind is RegoSet:
        return [(v, v) for v in source.members.values()]
    return ()


def _object_entries(source: dict[Any, Value]) -> Iterator[tuple[Value, Value]]:
    for key, value in source.items():
        yield (key if type(key) is str else thaw(key)), value


def ordered_values(source: Value) -> Iterable[Value]:
    """Return what `values` does, in Rego's order of keys."""
    kind = type(source)
    if kind is dict:
        return [v for _, v in ordered_pairs(source)]
    return source.ordered() if kind is RegoSet else values(source)


def ordered_entries(source: Value) -> Iterable[tuple[Value, Value]]:
    """Return what `entries` does, in Rego's order of keys."""
    kind = type(source)
    if kind is dict:
        return ordered_pairs(source)
    if kind is RegoSet:
        return [(v, v) for v in source.ordered()]
    return entries(source)


def maybe(source: Value, *keys: Value) -> Value:
    """Return `source[k][l]`, or UNDEFINED where a key is absent."""
    try:
        for key in keys:
            source = source[key] if type(key) is str else item(source, key)
    except MISSING:
        return UNDEFINED
    return source


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause Python's cycle collector.

    A large document makes each of its runs slow, and an evaluation makes no cycles.
    """
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def is_collection(value: Value) -> bool:
    """Tell whether `every` can range over a value."""
    return type(value) in (list, dict, RegoSet)


_COMPLETE: Final = "complete rules must not produce multiple outputs"
_FUNCTION: Final = "functions must not produce multiple outputs for same inputs"
_OBJECT: Final = "object keys must be unique"


def agreed(old: Value, new: Value, function: bool, source: int, at: int) -> Value:  # noqa: FBT001
    """Return the one value of a rule that was derived twice.

    Raises:
        EvaluationError: eval_conflict_error if the two differ.
    """
    if equal(old, new):
        return old
    message = _FUNCTION if function else _COMPLETE
    raise EvaluationError("eval_conflict_error", message, source, at)


def put(out: dict[Any, Value], key: Value, value: Value, source: int, at: int) -> None:
    """Give an object under construction a key.

    Raises:
        EvaluationError: eval_conflict_error if it has the key with another value.
    """
    frozen = key if type(key) is str else freeze(key)
    if frozen in out and not equal(out[frozen], value):
        raise EvaluationError("eval_conflict_error", _OBJECT, source, at)
    out[frozen] = value


class Branch(dict[Any, Any]):
    """An object that rules of several depths are building."""


def insert(
    out: Branch, keys: list[Value], leaf: tuple[Value, bool], source: int, at: int
) -> None:
    """Put a value, or the member of a set, at `keys` of the tree `out`."""
    value, member = leaf
    for key in keys[:-1]:
        frozen = freeze(key)
        inner = out.setdefault(frozen, Branch())
        if type(inner) is not Branch:
            raise EvaluationError("eval_conflict_error", _OBJECT, source, at)
        out = inner
    last = freeze(keys[-1])
    if member:
        held = out.setdefault(last, RegoSet())
        if type(held) is not RegoSet:
            raise EvaluationError("eval_conflict_error", _OBJECT, source, at)
        held.members[freeze(value)] = value
    elif last in out and not equal(_plain(out[last]), value):
        raise EvaluationError("eval_conflict_error", _OBJECT, source, at)
    else:
        out[last] = value


def grown(out: Branch) -> dict[Any, Value]:
    """Return the finished object of a tree of branches."""
    return {k: _plain(v) for k, v in out.items()}


def _plain(value: Value) -> Value:
    return grown(value) if type(value) is Branch else value


def extent(context: Context, path: tuple[str, ...], keys: tuple[Value, ...]) -> Value:
    """Return `data[path][keys]`: rules over base documents.

    Raises:
        KeyError: if there is nothing there.
    """
    node: Node | None = context.tree
    base = context.data
    steps: tuple[Value, ...] = (*path, *keys)
    for i, step in enumerate(steps):
        if node is None:
            base = stored(base, step)
            continue
        if node[0] is not None:
            value = _whole(context, node, base)
            for rest in steps[i:]:
                value = item(value, rest)
            return value
        node = node[1].get(step) if type(step) is str else None
        base = _below(base, step)
    found = base if node is None else _whole(context, node, base)
    if found is UNDEFINED:
        raise KeyError(path)
    return found


def _below(base: Value, step: Value) -> Value:
    try:
        return stored(base, step)
    except (KeyError, IndexError):
        return UNDEFINED


def _whole(context: Context, node: Node, base: Value) -> Value:
    """Return all of a node: its rule and its children, base documents over them."""
    rule, children = node
    own = rule(context) if rule is not None else UNDEFINED
    if own is UNDEFINED and (children or rule is None):
        own = {}
    if children and type(own) is dict:
        own = dict(own)
        for name, child in children.items():
            value = _whole(context, child, _below(base, name))
            if value is not UNDEFINED:
                own[name] = value
    return _merged(own, base, children)


def _merged(virtual: Value, base: Value, children: dict[str, Any]) -> Value:
    """Return a virtual document with a base document over it."""
    if base is UNDEFINED:
        return virtual
    if type(virtual) is not dict or type(base) is not dict:
        return base
    rest = {k: v for k, v in base.items() if k not in children}
    return {**virtual, **rest}


def ordered_relation(rows: Iterable[Value]) -> list[Value]:
    """Return the results of a relation in Rego's order."""
    return sort(rows)
