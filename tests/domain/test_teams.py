"""A series is of one team at most, whatever rules there are, in whatever order they were told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.declared import matches
from monitor.domain.series import Identity
from monitor.domain.teams import Teams

KEYS, VALUES = st.sampled_from("abc"), st.sampled_from(["x", "y", "xy", "yx"])
TAGS = st.dictionaries(KEYS, VALUES, max_size=3)
RULES = st.dictionaries(KEYS, st.sampled_from(["x", "y", "x*", "*y", "*"]), min_size=1, max_size=3)
DECLARED = st.dictionaries(st.sampled_from(["red", "blue", "green"]), st.lists(RULES, max_size=3))


def slowly(declared: dict[str, list[dict[str, str]]], tags: dict[str, str]) -> str:
    """Every rule looked at; the best by hand."""
    fitting = [
        (-len(rule), sum(value.count("*") for value in rule.values()), name)
        for name, rules in declared.items()
        for rule in rules
        if all(key in tags and matches(value, tags[key]) for key, value in rule.items())
    ]
    return min(fitting)[2] if fitting else ""


@given(DECLARED, TAGS)
def test_equals_the_slow_twin(declared: dict[str, list[dict[str, str]]], tags: dict[str, str]) -> None:
    assert Teams(declared).of(Identity.of("m", tags)) == slowly(declared, tags)


@given(DECLARED, TAGS, st.randoms(use_true_random=False))
def test_order_of_telling_does_not_matter(
    declared: dict[str, list[dict[str, str]]], tags: dict[str, str], random: object
) -> None:
    names = list(declared)
    random.shuffle(names)  # type: ignore[attr-defined]
    other = Teams()
    for name in names:
        other.declare(name, [{"a": "x"}])  # said before, and no more
        other.declare(name, declared[name])
    series = Identity.of("m", tags)
    assert other.of(series) == Teams(declared).of(series)
    assert dict(other.rules) == {name: rules for name, rules in sorted(declared.items()) if rules}


def test_a_rule_without_tags_fits_nothing() -> None:
    teams = Teams({"red": [{}]})
    assert (len(teams), teams.of(Identity.of("m"))) == (0, "")
