"""Every word that the system says to a person is in the glossary."""

from __future__ import annotations

import enum
import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Literal, get_args, get_origin

import numpy as np
import pytest

import monitor.domain
from api import schemas, shapes
from learners.base import Family, Tail
from learners.classify import CLASSES
from learners.season import Why
from monitor.domain.anomaly import Verdict
from tests.docs.tables import ROOT, table

TEXT = (ROOT / "docs" / "glossary.md").read_text()


def entries() -> set[str]:
    """Words that have a line of their own, or stand in bold in a sentence that tells them."""
    first = (cell for row in table(TEXT) for cell in row[0].split(", "))
    return {*first, *re.findall(r"\*\*([^*]+)\*\*", TEXT)}


def enums_of_the_domain() -> Iterator[type[enum.Enum]]:
    for module in pkgutil.iter_modules(monitor.domain.__path__):
        loaded = importlib.import_module(f"monitor.domain.{module.name}")
        for one in vars(loaded).values():
            if isinstance(one, type) and issubclass(one, enum.Enum) and one.__module__ == loaded.__name__:
                yield one


def words_of(one: type[enum.Enum]) -> set[str]:
    """Texts are said as they are; numbers by their names, verdicts by the words of the API."""
    if issubclass(one, str):
        return {str(member.value) for member in one}
    if one is Verdict:
        codes = np.array([member.value for member in one], np.uint8)
        return set(shapes.columns({"verdict": codes})["verdict"])
    return {member.name.lower() for member in one}


@pytest.mark.parametrize("one", [*enums_of_the_domain(), Family, Tail], ids=lambda one: one.__name__)
def test_words_of_enumerations(one: type[enum.Enum]) -> None:
    assert words_of(one) <= entries()


def test_classes_of_metrics() -> None:
    assert set(CLASSES) <= entries()


def test_why_a_period_is_a_season() -> None:
    assert {why.name.lower().replace("_", " ") for why in Why} <= entries()


def test_words_of_declarations_and_stages() -> None:
    said: set[str] = set()
    for model, names in (
        (schemas.Declaration, ("kind", "aggregation", "polarity")),
        (schemas.Series, ("stage",)),
    ):
        for name in names:
            annotation = model.model_fields[name].annotation
            choices = [annotation, *get_args(annotation)]
            said |= {word for choice in choices if get_origin(choice) is Literal for word in get_args(choice)}
    assert {"gauge", "last", "trusted"} <= said
    assert said - {"both", "up", "down"} <= entries()
    assert {"both", "up", "down"} <= set(re.findall(r"\w+", TEXT))


def test_every_line_says_something_once() -> None:
    rows = table(TEXT)
    assert all(len(row) == 2 and all(row) for row in rows)
    words = [word for row in rows for word in row[0].split(", ")]
    # "closed" is told of anomalies and of incidents, each in its own part.
    assert {word for word in words if words.count(word) > 1} <= {"closed"}
