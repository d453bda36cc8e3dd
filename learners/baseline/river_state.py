"""What a River object has learned, as plain data, and back: no pickle, and no code that the data names.

`to_plain` walks an object's attributes. It knows None, numbers, text, lists, tuples, sets, dicts (ordered,
counting and defaulting ones too), deques, NumPy arrays, seeded generators, and objects, classes, functions
and bound methods of River itself; whatever else it meets it refuses, by name. An object that is met again is
told by its number, so what shared a part shares it afterwards. `from_plain` makes objects without calling
them: classes come from the package ``river`` only, and their attributes are set as they were.

Plain data are None, bool, int, float, str, bytes and lists of them: each thing is a list that begins with
what it is. A class is named as ``module:name`` of the River that is installed, so the data name its version,
and another does not read them.
"""

from __future__ import annotations

import random
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from functools import partial
from importlib import import_module, metadata
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np
from river.utils import VectorDict

Plain = Any
_PACKAGE = "river"
_VERSION = metadata.version(_PACKAGE)
_SIMPLE = (type(None), bool, int, float, str, bytes)
_FACTORIES: dict[str, Callable[..., Any]] = {
    kind.__name__: kind for kind in (float, int, list, tuple, dict, set)
}
_MAPPINGS: dict[str, type[dict[Any, Any]]] = {"dict": dict, "ordered": OrderedDict, "counter": Counter}


def to_plain(thing: Any) -> Plain:
    """The state of a River object. Raises ValueError on what cannot be carried."""
    return ["river", _VERSION, _Writer().write(thing)]


def from_plain(data: Plain) -> Any:
    """The object of which `to_plain` told. Raises ValueError on data it did not make, or of another River."""
    try:
        kind, version, told = data
        if (kind, version) != ("river", _VERSION):
            raise ValueError(f"no state of an object of River {_VERSION}: {kind!r}, {version!r}")
        return _Reader().read(told)
    except (LookupError, TypeError, AttributeError, ImportError) as error:
        raise ValueError(f"no state that River {_VERSION} can take up: {error}") from error


class _Writer:
    def __init__(self) -> None:
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []  # so that no address is used twice

    def write(self, thing: Any) -> Plain:
        if type(thing) in _SIMPLE:
            return thing
        if id(thing) in self._numbers:
            return ["same", self._numbers[id(thing)]]
        self._numbers[id(thing)] = len(self._kept)
        self._kept.append(thing)
        return self._whole(thing)

    def _whole(self, thing: Any) -> Plain:
        kind = type(thing)
        if isinstance(thing, np.generic):
            return ["number", kind.__name__, thing.item()]
        if kind is np.ndarray and thing.dtype != np.dtype(object):
            return ["array", thing.dtype.str, list(thing.shape), thing.tobytes()]
        if kind in (list, tuple, set, frozenset):
            items = sorted(thing, key=repr) if kind in (set, frozenset) else thing
            return [kind.__name__, [self.write(item) for item in items]]
        if kind is deque:
            return ["deque", thing.maxlen, [self.write(item) for item in thing]]
        if kind is random.Random:
            return ["random", self.write(thing.getstate())]
        if kind is defaultdict and thing.default_factory is not None:
            return ["default", self._factory(thing.default_factory), self._pairs(thing)]
        for name, known in _MAPPINGS.items():
            if kind is known:
                return [name, self._pairs(thing)]
        if kind is VectorDict:
            return ["vector", self._pairs(dict(thing.items()))]
        if isinstance(thing, (type, FunctionType, BuiltinFunctionType)):
            return ["name", _name(thing)]
        if isinstance(thing, MethodType):
            return ["method", self.write(thing.__self__), thing.__name__]
        return self._object(thing)

    def _object(self, thing: Any) -> Plain:
        kind = type(thing)
        name = _name(kind)
        if getattr(thing, "__dict__", None) is None:
            raise ValueError(f"what {name} has learned cannot be read")
        items: Plain = None
        if isinstance(thing, deque):
            items = [thing.maxlen, [self.write(item) for item in thing]]
        elif isinstance(thing, dict):
            items = self._pairs(thing)
        return ["object", name, items, self._pairs(vars(thing))]

    def _factory(self, factory: Any) -> Plain:
        if isinstance(factory, partial) and not factory.keywords:
            return [_factory(factory.func), [self.write(one) for one in factory.args]]
        return [_factory(factory), []]

    def _pairs(self, mapping: Any) -> Plain:
        return [[self.write(key), self.write(value)] for key, value in mapping.items()]


class _Reader:
    def __init__(self) -> None:
        self._made: list[Any] = []

    def read(self, data: Plain) -> Any:
        if not isinstance(data, list):
            if type(data) not in _SIMPLE:
                raise ValueError(f"no plain data: {type(data).__name__}")
            return data
        kind, *rest = data
        if kind == "same":
            return self._made[rest[0]]
        number = len(self._made)
        self._made.append(None)
        self._made[number] = made = self._whole(number, kind, rest)
        return made

    def _whole(self, number: int, kind: str, rest: list[Any]) -> Any:
        if kind == "number":
            return np.dtype(rest[0]).type(rest[1])
        if kind == "array":
            return np.frombuffer(rest[2], np.dtype(rest[0])).reshape(rest[1]).copy()
        if kind in ("tuple", "frozenset", "set"):
            items = [self.read(item) for item in rest[0]]
            return {"tuple": tuple, "frozenset": frozenset, "set": set}[kind](items)
        if kind == "list":
            return self._filled(number, [], rest[0])
        if kind == "deque":
            return self._filled(number, deque(maxlen=rest[0]), rest[1])
        if kind == "random":
            generator = random.Random()
            generator.setstate(self.read(rest[0]))
            return generator
        if kind == "default":
            (name, arguments), pairs = rest
            factory = partial(_FACTORIES[name], *(self.read(one) for one in arguments))
            return self._mapped(number, defaultdict(factory if arguments else _FACTORIES[name]), pairs)
        if kind in _MAPPINGS:
            return self._mapped(number, _MAPPINGS[kind](), rest[0])
        if kind == "vector":
            return VectorDict({self.read(key): self.read(value) for key, value in rest[0]})
        if kind == "name":
            return _named(rest[0])
        if kind == "method":
            return getattr(self.read(rest[0]), rest[1])
        if kind == "object":
            return self._object(number, *rest)
        raise ValueError(f"no kind of thing: {kind!r}")

    def _object(self, number: int, name: str, items: Plain, attributes: Plain) -> Any:
        kind = _named(name)
        if not isinstance(kind, type):
            raise ValueError(f"{name} is no class")
        make: Any = kind.__new__
        thing = self._made[number] = make(kind)
        if isinstance(thing, deque):
            deque.__init__(thing, [], items[0])
            thing.extend(self.read(item) for item in items[1])
        elif isinstance(thing, dict):
            dict.update(thing, {self.read(key): self.read(value) for key, value in items})
        for key, value in attributes:
            object.__setattr__(thing, self.read(key), self.read(value))
        return thing

    def _filled(self, number: int, made: Any, items: Plain) -> Any:
        self._made[number] = made
        made.extend(self.read(item) for item in items)
        return made

    def _mapped(self, number: int, made: Any, pairs: Plain) -> Any:
        self._made[number] = made
        for key, value in pairs:
            made[self.read(key)] = self.read(value)
        return made


def _factory(factory: Any) -> str:
    found = next((name for name, known in _FACTORIES.items() if known is factory), None)
    if found is None:
        raise ValueError(f"a dict whose missing values {factory!r} makes cannot be carried")
    return found


def _name(thing: Any) -> str:
    """``module:name`` of a class or function of River."""
    module, name = thing.__module__ or "", thing.__qualname__
    if module.partition(".")[0] != _PACKAGE or "<" in name:
        raise ValueError(f"{module}.{name} cannot be carried: it is no part of River")
    return f"{module}:{name}"


def _named(name: str) -> Any:
    module, _, path = name.partition(":")
    if module.partition(".")[0] != _PACKAGE:
        raise ValueError(f"{name!r} is no part of River")
    import_module(module)
    found: Any = sys.modules[module]
    for part in path.split("."):
        found = getattr(found, part)
    if (getattr(found, "__module__", None) or "").partition(".")[0] != _PACKAGE:
        raise ValueError(f"{name!r} is no part of River")
    return found
