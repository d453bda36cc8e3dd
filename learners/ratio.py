"""How surprising a share can be, given the number of cases behind it. For metrics of kind ratio with an
``n``.

A share of ``n`` cases scatters by sampling alone, and no baseline knows its rate better than its memory of
`MEMORY` samples allows. Two consequences: the residual's width is at least the sampling error
sqrt(p (1 - p) / n), and its surprise at most that of sampling, by Chernoff's bound

    -log10 P(share at least as far out as x)  >=  n KL(x || p) / ln 10.

One of two cancelled flights is no news for a carrier that cancels one in fifty; twelve of twenty is.

Source: H. Chernoff, Ann. Math. Statist. 23 (1952) 493; Jeffreys prior for the rate.
"""

from __future__ import annotations

import math

from learners.compiled import kernel

MEMORY = 20.0
CASES_MOST = 1e12
_LN10 = math.log(10.0)


@kernel
def rate(expected: float, n_mean: float) -> float:
    """The expected share, drawn to one half by what `MEMORY` samples of ``n_mean`` cases leave open.

    >>> round(rate(0.0, 2.0), 4), round(rate(0.5, 100.0), 4)
    (0.0122, 0.5)
    """
    cases = MEMORY * min(max(n_mean, 1.0), CASES_MOST)
    return (min(max(expected, 0.0), 1.0) * cases + 0.5) / (cases + 1.0)


@kernel
def noise(p: float, n: float) -> float:
    """Standard error of a share of ``n`` cases at rate ``p``."""
    return math.sqrt(p * (1.0 - p) / max(n, 1.0))


@kernel
def support(n: float, n_mean: float) -> float:
    """What a share of ``n`` cases teaches, beside one with the usual number: as much less as it has fewer.

    Variances that are learned with it are those of a share with ``n_mean`` cases. 1 where n is unknown.

    >>> support(5.0, 20.0), support(80.0, 20.0), support(float("nan"), 20.0)
    (0.25, 1.0, 1.0)
    """
    return n / n_mean if n > 0.0 and n < n_mean else 1.0


@kernel
def surprise(share: float, p: float, n: float) -> float:
    """Chernoff's bound for ``share`` of ``n`` cases at rate ``p``; in units of L.

    >>> round(surprise(0.5, 0.02, 2.0), 2), round(surprise(0.6, 0.02, 20.0), 1)
    (1.11, 14.6)
    """
    x = min(max(share, 0.0), 1.0)
    kl = 0.0
    if x > 0.0:
        kl += x * math.log(x / p)
    if x < 1.0:
        kl += (1.0 - x) * math.log((1.0 - x) / (1.0 - p))
    return n * max(kl, 0.0) / _LN10


@kernel
def limit(side: int, p: float, n: float, level: float) -> float:
    """The share on ``side`` at which `surprise` reaches ``level``; 0 or 1 where it never does.

    >>> round(surprise(limit(1, 0.1, 50.0, 5.0), 0.1, 50.0), 6), limit(-1, 0.1, 5.0, 5.0)
    (5.0, 0.0)
    """
    edge = 1.0 if side > 0 else 0.0
    if surprise(edge, p, n) <= level:
        return edge
    inner, outer = p, edge
    for _ in range(40):
        middle = 0.5 * (inner + outer)
        if surprise(middle, p, n) < level:
            inner = middle
        else:
            outer = middle
    return outer
