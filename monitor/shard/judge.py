"""What becomes of one final value: forecast, residual, surprise, verdict, anomaly, learning, observation."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc

from learners import ratio
from learners.block import CONTEST_FORGETTING, scaled
from learners.compiled import kernel
from learners.dispatch import forecast, learn, tail_learn, tail_surprise
from learners.grade import place, stretch
from learners.lowpass import SCALE_EVERY, learn_scale
from learners.memory import whole
from learners.residual import contest
from learners.score import L_CLOSE, L_OPEN, TESTS, combine, gate, left_to_say, levelled, score
from learners.threshold.static import surprise as static_surprise
from monitor.shard.adoption import move, old_level_is_back
from monitor.shard.calls import FINAL_VALUE
from monitor.shard.due import pass_due
from monitor.shard.episodes import close
from monitor.shard.judgements import HEEDED_FROM, heeded
from monitor.shard.new_level import at_new_level, settled
from monitor.shard.pausing import paused
from monitor.shard.seen import Seen
from monitor.shard.state import (
    ANOMALY,
    ATTENTIVE,
    BELOW_MIN_CHANGE,
    DIP,
    ENDED,
    ENDED_KIND,
    HELD,
    IN_BAND,
    LEARNING,
    NO_DATA,
    NO_TAIL,
    SHIFTED,
    SPIKE,
    STATIC_BOUND,
    clock_at,
    common_at,
    directory_at,
    due_at,
    episode_at,
    outcome_at,
    rule_at,
)
from monitor.shard.streaks import count_streak
from monitor.shard.surprise import surprises
from monitor.shard.tracker import begin, follow, follow_inside, learn_peak
from monitor.shard.verdict import as_told, kind_and_side, matters
from monitor.shard.width import band, is_share, wider_ahead, width_next
from monitor.shard.zones import local_offset

N_MAX = 1e12  # cases that are counted; a rate out of more could not be told from 0 or 1
LEAN_SHARE = 0.25
"""How much a bucket of an anomaly teaches that only the low-pass has seen."""


@kernel
def final_value(s: Any, row: int, bucket: int, value: float, n: float, at_ms: int) -> None:
    """Judge the final ``value`` of ``bucket`` and let the models learn from it. About 100 ns.

    ``at_ms`` is the event time at which the bucket became final. Room for one outcome, three changes,
    one due row and one episode has been made by the caller.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    rule = rule_at(s, clock.rule)
    cadence = whole(clock.cadence)
    worth = stretch(place(cadence))
    ts_ms = bucket * cadence
    offset_ms = local_offset(s, rule.zone, ts_ms)
    t = bucket if offset_ms == 0 else (ts_ms + offset_ms) // cadence
    unit = np.float64(common.unit)
    if n > N_MAX:
        n = N_MAX
    y = scaled(value, common.offset, unit)
    counted = is_share(s, row, n)
    learning = common.tail == NO_TAIL
    standing = paused(s, row, ts_ms, ts_ms + cadence)

    # What was foretold, and how far off the value is.
    centre, scale = forecast(s, common.champion, 2 * row, t)
    centre2, scale2 = forecast(s, common.challenger, 2 * row + 1, t)
    deviation = y - centre
    expected = centre * unit + common.offset
    plain = width_next(s, row, scale, expected, n, counted)
    width = plain * wider_ahead(s, row, bucket, scale)
    r = deviation / width
    lower, upper = band(s, row, expected, width, n, counted)
    seen = Seen(value, expected, lower, upper, deviation, r)
    _count_run(s, row, ts_ms, value, standing)

    # How surprising that is, from the forecast and from a level that the series has come to since.
    e = common.episode
    spike, shift, still, lowpass = surprises(s, row, ts_ms, value, expected, r, n, counted)
    if e >= 0 and (spike - TESTS) * worth >= L_OPEN:
        episode_at(s, e).leaning = 0
    taught = spike
    from_forecast = level = levelled(spike, shift, still, worth)
    evidence = combine(spike, shift, still)
    outer = settled(s, row)
    told = seen
    if outer >= 0:
        new_spike, new = at_new_level(s, row, outer, seen, unit, plain, n, counted)
        if new_spike < spike:
            told, spike, shift, still = new, new_spike, 0.0, 0.0  # an outage may well stand still
            level = levelled(spike, shift, still, worth)

    # What people declared and labelled.
    breach = static_surprise(rule.static_lower, rule.static_upper, value)
    outside = breach > level
    level = max(level, breach)
    evidence = max(evidence, breach)
    attentive = common.episode == ATTENTIVE and not learning and spike >= max(shift, still)
    if attentive and HEEDED_FROM <= level < L_OPEN:
        level = max(level, heeded(s, row, told.residual >= 0.0, abs(value - told.expected)))
    kind, side, opens = SPIKE, 1, False
    verdict = LEARNING if learning else IN_BAND
    if level >= L_OPEN:
        kind, side = kind_and_side(spike, shift, still, told.residual, lowpass)
        if outside:
            kind, side = (SPIKE, 1) if value > rule.static_upper else (DIP, -1)
        opens = breach > 0.0 or matters(rule, kind, side, value, told.expected)
        verdict = ANOMALY if opens else BELOW_MIN_CHANGE
        if opens and breach >= level:
            verdict = STATIC_BOUND

    # A silence is over; a level that was adopted may have been none.
    if e >= 0 and (episode_at(s, e).kind == NO_DATA or episode_at(s, e).kind == ENDED_KIND):
        close(s, e, at_ms, bucket)
        e = -1
    common.lowpass = lowpass
    if e >= 0 and episode_at(s, e).adopted_at > 0:
        if old_level_is_back(s, row, e, bucket, deviation, width, level, opens):
            centre, scale, centre2, scale2 = _forecasts_anew(s, row, t)
            moved = centre * unit + common.offset - told.expected
            told = Seen(
                value,
                told.expected + moved,
                told.lower + moved,
                told.upper + moved,
                y - centre,
                (y - centre) / width,
            )
            level, evidence, opens, verdict = 0.0, 0.0, False, IN_BAND
        e = common.episode

    # The open anomaly takes the value in, or one begins.
    weight = gate(evidence)
    news = level
    going_on = e >= 0 and episode_at(s, e).adopted_at == 0
    if going_on and e != outer:
        news = left_to_say(level, episode_at(s, e).peak_level)
    begins = opens and e < 0
    if going_on and episode_at(s, e).outer >= 0:
        follow_inside(s, row, e, bucket, at_ms, level, told, from_forecast, standing)
        if verdict == IN_BAND:
            verdict = ANOMALY if level >= L_CLOSE else SHIFTED
        weight = 0.0
    elif going_on:
        peak, moved = episode_at(s, e).peak_residual, episode_at(s, e).shift
        if follow(s, e, bucket, at_ms, from_forecast, seen, standing):
            # A lean is small: it is learned slowly, so that what was the model's error ends by itself.
            weight = LEAN_SHARE * gate(taught - TESTS) if episode_at(s, e).leaning else 0.0
            begins = opens and outer >= 0 and episode_at(s, e).adopted_at == 0
            if verdict == IN_BAND and outer >= 0:
                verdict = SHIFTED
            elif verdict == IN_BAND and from_forecast >= L_CLOSE:
                verdict = ANOMALY
        else:
            _learn_of_end(s, row, peak, moved, deviation / plain, standing)
    if begins:
        leaning = 1 if shift > spike and shift > still and not going_on else 0
        begin(s, row, bucket, at_ms, kind, side, leaning, level, told)
        weight = weight if going_on else 0.0
    verdict = as_told(s, row, verdict, breach > 0.0, at_ms)

    # All learn, and the value is told.
    if (weight > 0.0 or learning) and not standing:
        if learning:
            weight = 1.0
        if clock.final_n % SCALE_EVERY == 0:
            common.lowpass_scale = learn_scale(common.lowpass_scale, common.lowpass, weight)
        tail_learn(s, common.tail, row, told.residual, weight)
        if counted:
            weight *= ratio.support(n, clock.n_mean)
        learn(s, common.champion, 2 * row, t, y, centre, scale, weight)
        learn(s, common.challenger, 2 * row + 1, t, y, centre2, scale2, weight)
        better = contest(told.residual, scale, y - centre2, scale2)
        common.advantage += CONTEST_FORGETTING * (better - common.advantage)
    _count_final(s, row, n, standing)
    out = outcome_at(s, s.n_outcomes)
    s.n_outcomes += 1
    out.row = row
    out.ts_ms = ts_ms
    out.value = value
    out.n = n
    out.expected = told.expected
    out.lower = told.lower
    out.upper = told.upper
    out.score = score(news)
    out.verdict = verdict
    out.model = common.champion


def _entry(directory: int, row: int, bucket: int, value: float, n: float, at_ms: int) -> None:
    final_value(directory_at(directory), row, bucket, value, n, at_ms)


@cache
def entry() -> Any:
    """`final_value` as a C function, for `calls.final_value`."""
    return cfunc(FINAL_VALUE, cache=True)(_entry)


@kernel
def _count_run(s: Any, row: int, ts_ms: int, value: float, standing: bool) -> None:
    """Runs of equal values and of gaps; one that ends in a pause of learning, or right after it, teaches
    nothing."""
    clock = clock_at(s, row)
    gap_max, run_max = clock.gap_max, clock.run_max
    count_streak(clock, value)
    if standing or paused(s, row, ts_ms - whole(clock.cadence), ts_ms):
        clock.gap_max, clock.run_max = gap_max, run_max


@kernel
def _forecasts_anew(s: Any, row: int, t: int) -> tuple[float, float, float, float]:
    """Both models' forecasts once more, after a change of level; apart from the path of ordinary samples."""
    common = common_at(s, row)
    centre, scale = forecast(s, common.champion, 2 * row, t)
    centre2, scale2 = forecast(s, common.challenger, 2 * row + 1, t)
    return centre, scale, centre2, scale2


@kernel
def _learn_of_end(s: Any, row: int, peak: float, moved: float, r: float, standing: bool) -> None:
    """An anomaly is over: the tail learns its peak, and where the value is ordinary only for a forecast from
    so long ago the level has ``moved``. ``r``: in widths of a forecast from the bucket before."""
    common = common_at(s, row)
    if not standing:
        learn_peak(s, row, peak)
        worth = stretch(place(whole(clock_at(s, row).cadence)))
        if tail_surprise(s, common.tail, row, r) * worth >= L_CLOSE:
            move(s, row, moved)
    common.lowpass = 0.0


@kernel
def _count_final(s: Any, row: int, n: float, standing: bool) -> None:
    """One more final value, after which a learning pass may be due."""
    common, clock = common_at(s, row), clock_at(s, row)
    if not math.isnan(n) and not standing:
        if math.isnan(clock.n_mean):
            clock.n_mean = n
        else:
            clock.n_mean += 0.02 * (n - clock.n_mean)
    if not standing or clock.final_n == 0:  # of those that taught; 0 says that none is final
        clock.final_n += 1
        if pass_due(clock.final_n, clock.cadence):
            common.flags |= HELD
            due_at(s, s.n_due).row = row
            s.n_due += 1
    common.flags &= ~ENDED & 0xFF
