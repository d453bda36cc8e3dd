"""What becomes of one final bucket: forecast, residual, score, gate, learn, track."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import cfunc

from learners import ratio
from learners.block import CONTEST_FORGETTING, lean, scaled
from learners.classify import CLASSES
from learners.compiled import kernel
from learners.dispatch import forecast, learn, pace, tail_floor, tail_learn, tail_opens, tail_surprise
from learners.grade import ASKED, place, stretch
from learners.horizon import widening
from learners.lowpass import SCALE_EVERY, learn_scale
from learners.lowpass import surprise as lowpass_surprise
from learners.memory import whole
from learners.residual import contest, normal_score
from learners.residual import width as residual_width
from learners.runs import NEVER, flat, gap
from learners.score import (
    L_CLOSE,
    L_OPEN,
    TESTS,
    beyond_far,
    combine,
    gate,
    in_first_week,
    is_weekend,
    is_young,
    left_to_say,
    levelled,
    score,
    supported,
)
from learners.threshold.static import surprise as static_surprise
from monitor.shard.calls import FINAL_VALUE
from monitor.shard.judgements import HEEDED_FROM, heeded, hushed
from monitor.shard.new_level import grow_outer, settled, width_at_new
from monitor.shard.pausing import paused
from monitor.shard.state import (
    ANOMALY,
    ATTENTIVE,
    BELOW_MIN_CHANGE,
    DIP,
    ENDED,
    ENDED_KIND,
    FLAT_LINE,
    HELD,
    IN_BAND,
    LEARNING,
    LEVEL_SHIFT,
    NO_DATA,
    OPENED,
    QUIETED,
    REACH_UNIT,
    SHIFTED,
    SPIKE,
    STATIC_BOUND,
    clock_at,
    common_at,
    directory_at,
    due_at,
    episode_at,
    outcome_at,
    profile_at,
    rule_at,
)
from monitor.shard.streaks import STREAK_MAX, count_streak, longest
from monitor.shard.tracker import (
    QUIET,
    adopt,
    adopt_after,
    close,
    emit,
    ended,
    follow,
    missing_opens,
    move,
    open_episode,
    release,
    restore,
    reveal,
    set_peak,
    shift_again,
)
from monitor.shard.zones import local_offset

N_MAX = 1e12  # cases that are counted; a rate out of more could not be told from 0 or 1
ENDED_DAYS_MS = 7 * 86_400_000
ENDED_CADENCES = 20
NO_TAIL = 0
_UNSEEN_DAY = 0.95
"""Share of what is asked of an anomaly that may be reached on a day of a kind that was not seen before."""
LEAN_SHARE = 0.25
"""How much a bucket of an anomaly teaches that only the low-pass has seen."""
ORDINARY = 1.0  # surprise of the residual below which a bucket is no part of a lean
SHARE = CLASSES.index("ratio")
BURSTY = CLASSES.index("bursty")


@kernel
def pass_due(final_n: int, cadence: int) -> bool:
    """Is a learning pass due after ``final_n`` final buckets: 32, 128, 512, then daily, at least 256
    apart.

    Always at a multiple of 32, so that most samples are told by a glance.

    >>> [n for n in range(2000) if pass_due(n, 3_600_000)]
    [32, 128, 512, 768, 1024, 1280, 1536, 1792]
    """
    if final_n & 31 != 0:
        return False
    if final_n <= 512:
        return final_n == 32 or final_n == 128 or final_n == 512
    every = max(86_400_000 // max(cadence, 1), 256) + 31
    return (final_n - 512) % (every - every % 32) == 0


@kernel
def on_unseen_day(s: Any, row: int, ts_ms: int) -> bool:
    """Is ``ts_ms`` on a weekend of the first week of a series with a season, which knows no such day?"""
    clock = clock_at(s, row)
    if not in_first_week(clock.final_n, whole(clock.cadence)) or profile_at(s, row).period0 == 0:
        return False
    return is_weekend(ts_ms + local_offset(s, rule_at(s, clock.rule).zone, ts_ms))


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
    ts_ms = bucket * cadence
    offset_ms = local_offset(s, rule.zone, ts_ms)
    t = bucket if offset_ms == 0 else (ts_ms + offset_ms) // cadence
    unit = np.float64(common.unit)
    if n > N_MAX:
        n = N_MAX
    y = scaled(value, common.offset, unit)

    centre, scale = forecast(s, common.champion, 2 * row, t)
    centre2, scale2 = forecast(s, common.challenger, 2 * row + 1, t)
    deviation = y - centre
    expected = centre * unit + common.offset
    counted = n > 0.0 and (rule.ratio != 0 or profile_at(s, row).metric_class == SHARE)
    plain = residual_width(
        max(scale, tail_floor(s, common.tail, row)), expected, n, clock.n_mean, unit, counted
    )
    width = plain * _widening(s, row, bucket, scale)
    rate = ratio.rate(expected, clock.n_mean) if counted else 0.0
    r = deviation / width
    standing = paused(s, row, ts_ms, ts_ms + cadence)
    gap_max, run_max = clock.gap_max, clock.run_max
    count_streak(clock, value)
    if standing or paused(s, row, ts_ms - cadence, ts_ms):
        clock.gap_max, clock.run_max = gap_max, run_max  # a run that ends here teaches nothing

    learning = common.tail == NO_TAIL
    grade = place(cadence)
    worth = stretch(grade)
    lower, upper = _band(s, row, grade, expected, width, rate, n, counted)
    spike = 0.0
    shift = 0.0
    still = 0.0
    if not learning:
        spike = tail_surprise(s, common.tail, row, r)
        if counted:
            spike = min(spike, ratio.surprise(value, rate, n))
    lowpass: float = np.float64(common.lowpass)
    if not learning:
        extreme = (spike - TESTS) * worth
        lowpass = lean(lowpass, np.float64(common.lowpass_scale), extreme, normal_score(spike, r))
        shift = lowpass_surprise(lowpass, common.lowpass_scale)
        still = flat(clock.streak, clock.run_max)
    strange = on_unseen_day(s, row, ts_ms)
    if strange or is_young(clock.final_n, cadence):
        # A scale says little of what has stood still so far, and of what comes in bursts.
        far = 0.0 if clock.run_max == NEVER or profile_at(s, row).metric_class == BURSTY else r
        most = supported(clock.final_n, far, cadence)
        if strange:
            most = min(most, _UNSEEN_DAY * ASKED[grade] * beyond_far(far))
        spike, shift = min(spike, most), min(shift, most)
    e = common.episode
    if e >= 0 and episode_at(s, e).adopted_at == 0 and episode_at(s, e).leaning == 0:
        # The low-pass remembers; an extreme is over when the residual says so.
        lowpass, shift = np.float64(common.lowpass), 0.0
    if e >= 0 and spike < ORDINARY:
        shift = 0.0  # and so is a lean, after some buckets that are quite ordinary by themselves
    level = levelled(spike, shift, still, worth)
    evidence = combine(spike, shift, still)
    if e >= 0 and (spike - TESTS) * worth >= L_OPEN:
        episode_at(s, e).leaning = 0
    taught, seen_r, seen_level = spike, r, level  # as seen from the forecast
    seen_expected, seen_lower, seen_upper = expected, lower, upper
    outer = settled(s, row)
    if outer >= 0:
        expected += np.float64(episode_at(s, outer).shift) * unit
        new_spike, new_r, lower, upper = _at_new_level(
            s, row, outer, deviation, plain, expected, value, n, counted
        )
        if new_spike < spike:
            spike, r, shift, still = new_spike, new_r, 0.0, 0.0  # an outage may well stand still
            level = levelled(spike, shift, still, worth)
        else:
            expected, lower, upper = seen_expected, seen_lower, seen_upper
    breach = static_surprise(rule.static_lower, rule.static_upper, value)
    outside = breach > level
    level = max(level, breach)
    evidence = max(evidence, breach)
    attentive = common.episode == ATTENTIVE and not learning and spike >= max(shift, still)
    if attentive and HEEDED_FROM <= level < L_OPEN:
        level = max(level, heeded(s, row, r >= 0.0, abs(value - expected)))
    kind, direction = SPIKE, 1
    wanted = False
    verdict = LEARNING if learning else IN_BAND
    if level >= L_OPEN:
        kind, direction = _kind(spike, shift, still, r, lowpass)
        if outside:
            direction = 1 if value > rule.static_upper else -1
            kind = SPIKE if direction > 0 else DIP
        wanted = breach > 0.0 or _worth(rule, kind, direction, value, expected)
        verdict = ANOMALY if wanted else BELOW_MIN_CHANGE
        if wanted and breach >= level:
            verdict = STATIC_BOUND

    if e >= 0 and (episode_at(s, e).kind == NO_DATA or episode_at(s, e).kind == ENDED_KIND):
        close(s, e, at_ms, bucket)
        e = -1
    common.lowpass = lowpass
    if e >= 0 and episode_at(s, e).adopted_at > 0:
        if bucket - episode_at(s, e).adopted_at > episode_at(s, e).age:
            release(s, e)
            e = -1
        elif level >= L_OPEN and _returned(s, row, e, deviation, width):
            restore(s, e)
            e = -1
            centre, scale, centre2, scale2 = _forecasts_anew(s, row, t)
            moved = centre * unit + common.offset - expected
            expected, lower, upper = expected + moved, lower + moved, upper + moved
            deviation = y - centre
            r = deviation / width
            level, evidence = 0.0, 0.0
            verdict = IN_BAND
        elif level >= L_OPEN and wanted:
            release(s, e)  # something else has happened: the hypothesis makes room for it
            e = -1
    weight = gate(evidence)
    news = level
    if e >= 0 and e != outer and episode_at(s, e).adopted_at == 0:
        news = left_to_say(level, episode_at(s, e).peak_level)
    if e >= 0 and episode_at(s, e).adopted_at == 0:
        peak, moved = episode_at(s, e).peak_residual, episode_at(s, e).shift
        if episode_at(s, e).outer >= 0:
            grow_outer(s, outer, bucket, seen_level)
            if not follow(s, e, bucket, at_ms, level, r, deviation, value, expected, lower, upper, standing):
                if not standing:
                    _learn_peak(s, row, peak)
            elif episode_at(s, e).kind == LEVEL_SHIFT:
                shift_again(s, e, at_ms, bucket)
            elif not standing and episode_at(s, outer).age >= adopt_after(s, row):
                close(s, e, at_ms, bucket + 1)
                adopt(s, outer, bucket, at_ms)
            if verdict == IN_BAND:
                verdict = ANOMALY if level >= L_CLOSE else SHIFTED
            weight = 0.0
        elif not follow(
            s,
            e,
            bucket,
            at_ms,
            seen_level,
            seen_r,
            deviation,
            value,
            seen_expected,
            seen_lower,
            seen_upper,
            standing,
        ):
            if not standing:
                _learn_peak(s, row, peak)
            far_off = tail_surprise(s, common.tail, row, deviation / plain) * worth >= L_CLOSE
            if far_off and not standing:
                move(s, row, moved)  # ordinary only for a forecast from so long ago
            common.lowpass = 0.0
            e = -1
        else:
            # A lean is small: it is learned slowly, so that what was the model's error ends by itself.
            weight = LEAN_SHARE * gate(taught - TESTS) if episode_at(s, e).leaning else 0.0
            if outer >= 0 and level >= L_OPEN and wanted and episode_at(s, e).adopted_at == 0:
                _open(
                    s,
                    row,
                    bucket,
                    at_ms,
                    kind,
                    direction,
                    0,
                    level,
                    r,
                    deviation,
                    value,
                    expected,
                    lower,
                    upper,
                )
            elif verdict == IN_BAND and outer >= 0:
                verdict = SHIFTED
            elif verdict == IN_BAND and seen_level >= L_CLOSE:
                verdict = ANOMALY
    elif e < 0 and level >= L_OPEN and wanted:
        leaning = 1 if shift > spike and shift > still else 0
        _open(
            s,
            row,
            bucket,
            at_ms,
            kind,
            direction,
            leaning,
            level,
            r,
            deviation,
            value,
            expected,
            lower,
            upper,
        )
        weight = 0.0
    verdict = _as_told(s, row, verdict, breach > 0.0, at_ms)

    if (weight > 0.0 or learning) and not standing:
        if learning:
            weight = 1.0
        if clock.final_n % SCALE_EVERY == 0:
            common.lowpass_scale = learn_scale(common.lowpass_scale, common.lowpass, weight)
        tail_learn(s, common.tail, row, r, weight)
        if counted:
            weight *= ratio.support(n, clock.n_mean)
        learn(s, common.champion, 2 * row, t, y, centre, scale, weight)
        learn(s, common.challenger, 2 * row + 1, t, y, centre2, scale2, weight)
        better = contest(r, scale, y - centre2, scale2)
        common.advantage += CONTEST_FORGETTING * (better - common.advantage)
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

    out = outcome_at(s, s.n_outcomes)
    s.n_outcomes += 1
    out.row = row
    out.ts_ms = ts_ms
    out.value = value
    out.n = n
    out.expected = expected
    out.lower = lower
    out.upper = upper
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
def _band(
    s: Any, row: int, grade: int, expected: float, width: float, rate: float, n: float, counted: bool
) -> tuple[float, float]:
    """Where an anomaly would open on either side; ``rate`` is the expected one of a share of ``n`` cases."""
    common = common_at(s, row)
    unit = np.float64(common.unit)
    lower: float = expected - tail_opens(s, common.tail, row, -1, grade) * width * unit
    upper: float = expected + tail_opens(s, common.tail, row, 1, grade) * width * unit
    if counted:
        lower = max(min(lower, ratio.limit(-1, rate, n, ASKED[grade])), 0.0)
        upper = min(max(upper, ratio.limit(1, rate, n, ASKED[grade])), 1.0)
    return lower, upper


@kernel
def _at_new_level(
    s: Any,
    row: int,
    outer: int,
    deviation: float,
    plain: float,
    expected: float,
    value: float,
    n: float,
    counted: bool,
) -> tuple[float, float, float, float]:
    """Surprise and residual of the value as seen from the level of the open shift ``outer``, where
    ``expected`` is, and the band there. ``plain``: how wide a residual of the forecast may be."""
    common, clock, episode = common_at(s, row), clock_at(s, row), episode_at(s, outer)
    wide = width_at_new(episode, plain)
    r = (deviation - np.float64(episode.shift)) / wide
    spike = min(tail_surprise(s, common.tail, row, r), supported(episode.age, r, whole(clock.cadence)))
    rate = ratio.rate(expected, clock.n_mean) if counted else 0.0
    if counted:
        spike = min(spike, ratio.surprise(value, rate, n))
    grade = place(whole(clock.cadence))
    lower, upper = _band(s, row, grade, expected, wide, rate, n, counted)
    return spike, r, lower, upper


@kernel
def _open(
    s: Any,
    row: int,
    bucket: int,
    at_ms: int,
    kind: int,
    direction: int,
    leaning: int,
    level: float,
    r: float,
    deviation: float,
    value: float,
    expected: float,
    lower: float,
    upper: float,
) -> None:
    """An episode that begins with ``bucket``."""
    e = open_episode(s, row, bucket, kind, direction)
    episode = episode_at(s, e)
    set_peak(episode, bucket, level, r, value, expected, lower, upper)
    episode.count = 1
    episode.age = 1
    episode.same_side = 1
    episode.shift = deviation
    episode.leaning = leaning
    episode.hushed = 1 if hushed(s, e) else 0
    emit(s, e, OPENED, at_ms, -1)


@kernel
def _as_told(s: Any, row: int, verdict: int, bound: bool, at_ms: int) -> int:
    """The verdict, if labels keep quiet what is open. A broken bound is always told."""
    e = common_at(s, row).episode
    if e < 0 or episode_at(s, e).hushed == 0 or episode_at(s, e).adopted_at > 0:
        return verdict
    if bound:
        reveal(s, e, at_ms)
        return verdict
    outer = episode_at(s, e).outer
    whole_quiet = outer < 0 or episode_at(s, outer).hushed != 0
    return QUIETED if whole_quiet and verdict in (ANOMALY, SHIFTED) else verdict


@kernel
def _widening(s: Any, row: int, bucket: int, scale: float) -> float:
    """How much wider the forecast is than one of the bucket before: after a gap, and in an open anomaly."""
    common, clock = common_at(s, row), clock_at(s, row)
    ahead = 1 - clock.streak if clock.streak < 0 else 1
    e = common.episode
    if e >= 0 and episode_at(s, e).outer >= 0:
        e = episode_at(s, e).outer
    if e >= 0 and episode_at(s, e).adopted_at == 0:
        ahead = max(ahead, bucket - whole(episode_at(s, e).onset) + 1)
    if ahead <= 1:
        return 1.0
    reach = profile_at(s, row).reach * REACH_UNIT
    return widening(pace(s, common.champion, 2 * row), ahead, scale, reach)


@kernel
def _forecasts_anew(s: Any, row: int, t: int) -> tuple[float, float, float, float]:
    """Both models' forecasts once more, after a change of level; apart from the path of ordinary samples."""
    common = common_at(s, row)
    centre, scale = forecast(s, common.champion, 2 * row, t)
    centre2, scale2 = forecast(s, common.challenger, 2 * row + 1, t)
    return centre, scale, centre2, scale2


@kernel
def _learn_peak(s: Any, row: int, peak: float) -> None:
    """The tail takes in the largest residual of an anomaly that is over."""
    tail_learn(s, common_at(s, row).tail, row, peak, 1.0)


@kernel
def _kind(spike: float, shift: float, still: float, r: float, lowpass: float) -> tuple[int, int]:
    if still > spike and still > shift:
        return FLAT_LINE, 0
    up = r >= 0.0 if spike >= shift else lowpass >= 0.0
    return (SPIKE, 1) if up else (DIP, -1)


@kernel
def _worth(rule: Any, kind: int, direction: int, value: float, expected: float) -> bool:
    """Is the change on a side that matters and large enough, in the metric's own units?"""
    if kind == FLAT_LINE:
        return True
    if rule.polarity != 0 and rule.polarity != direction:
        return False
    change = abs(value - expected)
    return change >= rule.min_absolute and change >= rule.min_relative * abs(expected)


@kernel
def _returned(s: Any, row: int, e: int, deviation: float, width: float) -> bool:
    """The level before the adoption is a hypothesis: does the value lie where it said?"""
    old = (deviation + episode_at(s, e).shift) / width
    worth = stretch(place(whole(clock_at(s, row).cadence)))
    return bool(tail_surprise(s, common_at(s, row).tail, row, old) * worth < L_CLOSE)


@kernel
def final_missing(s: Any, row: int, first: int, last: int) -> None:
    """Buckets ``first`` to ``last`` (inclusive) are final and empty. Missing is not zero: nothing is learned,
    but time passes, and an open anomaly closes after `QUIET` of them. "No data" takes a proven cadence: that
    of a series with models, or one that is declared. Before the models nothing is known of nights and
    weekends: there it takes a silence of twice as many buckets as had a value.

    At most `STREAK_MAX` steps whatever the length of the gap: once "no data" is open, only the day on which
    the series counts as ended can still matter.
    """
    common = common_at(s, row)
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    if clock.streak > 0:
        if not paused(s, row, (first - 1) * cadence, (first + 1) * cadence):
            clock.run_max = longest(clock.streak, clock.run_max)
        clock.streak = 0
    bucket = first
    while bucket <= last and common.flags & ENDED == 0:
        e = common.episode
        if e >= 0 and episode_at(s, e).kind == NO_DATA:
            _stay_missing(s, row, e, bucket, last)
            return
        clock.streak = max(clock.streak - 1, -STREAK_MAX)
        at_ms = (bucket + 2) * cadence
        if e >= 0 and episode_at(s, e).adopted_at == 0:
            episode = episode_at(s, e)
            if -clock.streak > clock.gap_max:
                episode.quiet += 1
            if episode.quiet >= QUIET:
                if not paused(s, row, bucket * cadence, (bucket + 1) * cadence):
                    _learn_peak(s, row, episode.peak_residual)
                close(s, e, at_ms, episode.last + 1)
        longest_gap = whole(clock.gap_max)
        proven = common.tail != NO_TAIL
        if not proven:
            longest_gap = max(longest_gap, whole(clock.final_n))
            proven = rule_at(s, clock.rule).cadence_ms > 0
        level = gap(-clock.streak, longest_gap)
        if level >= L_OPEN and proven:
            if common.episode >= 0 and episode_at(s, common.episode).adopted_at > 0:
                release(s, common.episode)
            if common.episode < 0:
                missing_opens(s, row, bucket + clock.streak + 1, bucket, at_ms, level)
        if -clock.streak >= min(ended_after(clock), STREAK_MAX):
            ended(s, row, bucket + clock.streak + 1, bucket, at_ms)
            common.flags |= ENDED
        bucket += 1


@kernel
def ended_after(clock: Any) -> int:
    """Missing buckets after which the series counts as ended; never while its silence is no news."""
    return max(ENDED_DAYS_MS // whole(clock.cadence), ENDED_CADENCES, 2 * whole(clock.gap_max))


@kernel
def _stay_missing(s: Any, row: int, e: int, first: int, last: int) -> None:
    clock = clock_at(s, row)
    cadence = whole(clock.cadence)
    episode = episode_at(s, e)
    onset = episode.onset
    gone = onset + ended_after(clock)
    until = min(last, gone)
    episode.count += until - first + 1
    episode.last = until
    clock.streak = max(clock.streak - (until - first + 1), -STREAK_MAX)
    if last >= gone:
        ended(s, row, onset, gone, (gone + 2) * cadence)
        common_at(s, row).flags |= ENDED
