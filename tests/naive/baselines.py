"""The baselines as one would write them on paper: plain Python floats, whole history, no records."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Said = tuple[float, float]


def _clip(delta: float, scale: float) -> float:
    return max(-4.0 * scale, min(4.0 * scale, delta))


def ema(values: Sequence[float], alpha: float, beta: float) -> list[Said]:
    """What the moving average says before each value."""
    said: list[Said] = [(0.0, 1.0)]
    level, square = values[0], 1.0
    for count, y in enumerate(values[1:], start=1):
        scale = max(math.sqrt(square), 1e-3)
        said.append((level, scale))
        delta = _clip(y - level, scale)
        level += max(alpha, 1.0 / (count + 1)) * delta
        square += max(beta, 1.0 / (count + 1)) * (delta * delta - square)
    return said


def moving_average(values: Sequence[float], window: int, beta: float) -> list[Said]:
    """The mean of the last ``window`` values as they were taken in (clipped)."""
    said: list[Said] = [(0.0, 1.0)]
    kept, square = [values[0]], 1.0
    for count, y in enumerate(values[1:], start=1):
        last = kept[-window:]
        centre, scale = sum(last) / len(last), max(math.sqrt(square), 1e-3)
        said.append((centre, scale))
        delta = _clip(y - centre, scale)
        kept.append(centre + delta)
        square += max(beta, 1.0 / (count + 1)) * (delta * delta - square)
    return said


def holt_winters(
    values: Sequence[float], period: int, alpha: float, beta: float, gamma: float, phi: float
) -> list[float]:
    """Centres of the additive method, one season, no clipping, the season's rate at least 1/(turns + 1)."""
    level, trend, season = values[0], 0.0, [0.0] * period
    centres = [0.0]
    for t, y in enumerate(values[1:], start=1):
        base = level + phi * trend
        centres.append(base + season[t % period])
        error = y - centres[-1]
        level = base + alpha * error
        trend = phi * trend + alpha * beta * error
        season[t % period] += max(gamma, 1.0 / (2 + t // period)) * error
    return centres


def seasonal_profile(values: Sequence[float], period: int, alpha: float, gamma: float) -> list[float]:
    """Centres of the profile over a drifting level while no residual is clipped."""
    level, slots = 0.0, [0.0] * period
    centres = []
    for t, y in enumerate(values):
        centres.append(level + slots[t % period])
        error = y - centres[-1]
        young = t < period
        gain = max(gamma, 1.0 / (t // period + 1))
        if not young:
            level += alpha * error
            gain *= 1.0 - alpha
        slots[t % period] += gain * error
    return centres


def kalman(
    t: Sequence[int], values: Sequence[float], weights: Sequence[float], q: float, u: float, phi: float
) -> list[Said]:
    """Level and trend by the textbook's matrices, one step a bucket; of the covariance at most 16."""
    said: list[Said] = [(0.0, 1.0)]
    state, cov, square = [values[0], 0.0], [[1.0, 0.0], [0.0, 1.0 if u > 0.0 else 0.0]], 1.0
    step, noise = [[1.0, phi], [0.0, phi]], [[q, 0.0], [0.0, u]]
    for i, (y, weight) in enumerate(zip(values[1:], weights[1:], strict=True), start=1):
        gap = t[i] - t[i - 1]
        for _ in range(gap):
            state = [sum(step[a][b] * state[b] for b in (0, 1)) for a in (0, 1)]
        for _ in range(min(gap, 16)):
            half = [[sum(step[a][k] * cov[k][b] for k in (0, 1)) for b in (0, 1)] for a in (0, 1)]
            cov = [
                [sum(half[a][k] * step[b][k] for k in (0, 1)) + noise[a][b] for b in (0, 1)] for a in (0, 1)
            ]
        scale = math.sqrt(square * (cov[0][0] + 1.0))
        said.append((state[0], scale))
        error = _clip(y - state[0], scale)
        z = error / scale
        square = max(square * (1.0 + weight * max(0.01, 1.0 / (i + weight)) * (z * z - 1.0)), 1e-6)
        gains = [cov[a][0] / (cov[0][0] + 1.0 / weight) for a in (0, 1)]
        state = [state[a] + gains[a] * error for a in (0, 1)]
        cov = [[cov[a][b] - gains[a] * cov[0][b] for b in (0, 1)] for a in (0, 1)]
    return said


def step_level(values: Sequence[float], weights: Sequence[float], alpha: float) -> list[Said]:
    """Mean of the stay, Huber's steps, jumps after a weight of three; no weight is forgotten."""
    said: list[Said] = [(0.0, 1.0)]
    level, square, seen, stay = values[0], 1.0, weights[0], weights[0]
    waiting: list[Said] = []  # value and weight
    for y, weight in zip(values[1:], weights[1:], strict=True):
        sigma = math.sqrt(square)
        said.append((level, sigma))
        error = y - level
        z = _clip(error, sigma) / sigma
        square = max(square * (1.0 + weight * max(0.01, 1.0 / (seen + weight)) * (z * z - 1.0)), 1e-6)
        seen += weight
        if abs(error) <= 4.0 * sigma:
            step = max(-1.5 * sigma, min(1.5 * sigma, error))
            level += weight * max(alpha, 1.0 / (stay + weight)) * step
            stay += weight
            waiting = []
            continue
        total = sum(w for _, w in waiting)
        if waiting and abs(y - sum(v * w for v, w in waiting) / total) > 4.0 * sigma:
            waiting = []
        waiting.append((y, weight))
        total = sum(w for _, w in waiting)
        if total >= 3.0 - 1e-6:
            level, stay, waiting = sum(v * w for v, w in waiting) / total, total, []
    return said


def counts(
    values: Sequence[float],
    weights: Sequence[float],
    period: int,
    alpha: float,
    gamma: float,
    zero: float,
    grain: float,
    least: float,
) -> list[Said]:
    """A rate, or a factor of a rate a slot, and the law's two coefficients; never rebased."""
    said: list[Said] = [(0.0, 1.0)]
    linear, square = grain, 0.01
    rates = {t: values[t] - zero for t in range(min(period, len(values)))} or {0: values[0] - zero}
    factor = 1.0
    for t, (y, weight) in enumerate(zip(values[1:], weights[1:], strict=True), start=1):
        if t < period:
            said.append((zero, 1.0))  # the slot is empty
            continue
        slot = t % len(rates)
        mu = factor * rates[slot]
        law = max(mu, least)
        scale = max(math.sqrt(linear * law + square * law * law), 1e-3)
        said.append((zero + mu, scale))
        error = _clip(y - zero - mu, scale)
        x = weight * max(0.01, 1.0 / (max(t - period, 1) + weight)) * ((error / scale) ** 2 - 1.0)
        share = linear / (linear + square * law)
        x /= share**2 + (1.0 - share) ** 2
        linear = max(linear * max(1.0 + x * share, 0.25), 1e-6)
        square = max(square * max(1.0 + x * (1.0 - share), 0.25), 1e-6)
        if period == 0:
            rates[0] += weight * max(alpha, 1.0 / (t + weight)) * error
        else:
            rates[slot] += weight * max(gamma, 1.0 / (t // period + weight)) * error / factor
            factor *= 1.0 + weight * alpha * error * mu / (mu * mu + scale * scale)
            factor = min(max(factor, 0.01), 100.0)
    return said


def sparse(values: Sequence[float], weights: Sequence[float], alpha: float) -> list[Said]:
    """Croston's method on a quiet value of 0, with the variance of a compound Bernoulli law."""
    said: list[Said] = []
    events, silence, interval, size, square = 0.0, 0.0, 1.0, 0.0, 1.0
    for y, weight in zip(values, weights, strict=True):
        p = 1.0 / max(interval, silence / 3.0, 1.0)
        variance = p * square + p * (1.0 - p) * size * size
        said.append((p * size, max(math.sqrt(variance), 1e-3)) if events else (0.0, 1.0))
        silence += weight
        if y == 0.0:
            continue
        if not events:
            size, interval = y, max(silence, 1.0)
        else:
            rate = weight * max(alpha, 1.0 / (events + weight))
            interval += rate * (max(silence, 1.0) - interval)
            spread = math.sqrt(square)
            error = _clip(y - size, spread)
            size += rate * error
            slow = weight * max(0.01, 1.0 / (events + weight))
            square = max(square * (1.0 + slow * ((error / spread) ** 2 - 1.0)), 1e-6)
        events, silence = events + weight, 0.0
    return said


def binomial(
    values: Sequence[float],
    weights: Sequence[float],
    period: int,
    alpha: float,
    gamma: float,
    least: float,
    cases: float,
) -> list[Said]:
    """A share, or a share a slot whose odds have one common factor; values are shares; never rebased."""
    said: list[Said] = [(0.0, 1.0)]
    square = 1.0 / cases
    shares = {t: values[t] for t in range(min(period, len(values)))} or {0: values[0]}
    factor = 1.0
    for t, (y, weight) in enumerate(zip(values[1:], weights[1:], strict=True), start=1):
        if t < period:
            said.append((0.0, 1.0))  # the slot is empty
            continue
        slot = t % len(shares)
        p = factor * shares[slot] / (1.0 - shares[slot] + factor * shares[slot])
        law = min(max(p, least), 1.0 - least)
        law = law * (1.0 - law)
        scale = max(math.sqrt(square * law), 1e-3)
        said.append((p, scale))
        error = _clip(y - p, scale)
        slow = weight * max(0.01, 1.0 / (max(t - period, 1) + weight))
        square = max(square * (1.0 + slow * ((error / scale) ** 2 - 1.0)), 1e-6)
        if period == 0:
            shares[0] = min(max(p + weight * max(alpha, 1.0 / (t + weight)) * error, 0.0), 1.0)
            continue
        after = min(max(p + weight * max(gamma, 1.0 / (t // period + weight)) * error, 0.0), 1.0)
        shares[slot] = after / (after + factor * (1.0 - after))
        factor *= 1.0 + weight * alpha * error * law / (law * law + scale * scale)
        factor = min(max(factor, 0.01), 100.0)
    return said


def arima(
    t: Sequence[int],
    values: Sequence[float],
    weights: Sequence[float],
    a: Mapping[int, float],
    b: Mapping[int, float],
    constant: float,
) -> list[Said]:
    """The difference equation over the whole past: a bucket without a sample is what was expected."""
    said: list[Said] = [(0.0, 1.0)]
    known: dict[int, float] = {}  # by bucket; before the first it was as at the first
    missed: dict[int, float] = {}
    square = 1.0

    def expected(at: int) -> float:
        past = sum(factor * known.get(at - lag, values[0]) for lag, factor in a.items())
        return constant + past + sum(factor * missed.get(at - lag, 0.0) for lag, factor in b.items())

    known[t[0]] = values[0]
    for i, (y, weight) in enumerate(zip(values[1:], weights[1:], strict=True), start=1):
        for passed in range(t[i - 1] + 1, t[i]):
            known[passed] = expected(passed)
        centre, scale = expected(t[i]), max(math.sqrt(square), 1e-3)
        said.append((centre, scale))
        missed[t[i]] = weight * _clip(y - centre, scale)
        known[t[i]] = centre + missed[t[i]]
        z = _clip(y - centre, scale) / scale
        square = max(square * (1.0 + weight * max(0.01, 1.0 / (i + weight)) * (z * z - 1.0)), 1e-6)
    return said


def neural(
    t: Sequence[int],
    values: Sequence[float],
    w1: Sequence[Sequence[float]],
    b1: Sequence[float],
    w2: Sequence[float],
    b2: float,
) -> list[Said]:
    """A layer over the last buckets, of which those without a sample repeat the one before."""
    said: list[Said] = [(0.0, 1.0)]
    inputs = len(w1[0])
    window, square = [values[0]] * inputs, 1.0
    for i, y in enumerate(values[1:], start=1):
        window += [window[-1]] * (t[i] - t[i - 1] - 1)
        window = window[-inputs:]
        low, size = min(window), max(window) - min(window)
        centre = window[-1]
        if size > 0.0:
            x = [(value - low) / size for value in window]
            hidden = [
                max(sum(w * v for w, v in zip(row, x, strict=True)) + b, 0.0)
                for row, b in zip(w1, b1, strict=True)
            ]
            centre += size * (sum(w * h for w, h in zip(w2, hidden, strict=True)) + b2)
        scale = max(math.sqrt(square), 1e-3)
        said.append((centre, scale))
        error = _clip(y - centre, scale)
        window.append(centre + error)
        square = max(square * (1.0 + max(0.01, 1.0 / (i + 1)) * ((error / scale) ** 2 - 1.0)), 1e-6)
    return said
