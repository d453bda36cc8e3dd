"""`monitor.backtest.backtest`: frames in, scored frames out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from monitor.backtest import backtest
from monitor.settings import Settings

COLUMNS = ["value", "expected", "lower", "upper", "score", "anomaly", "kind"]
COUNT = 400
SPIKE = 350


def times(count: int = COUNT, freq: str = "min") -> pd.DatetimeIndex:
    return pd.date_range("2026-01-01", periods=count, freq=freq, tz="UTC")


def noise(seed: int, count: int = COUNT) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    values = 50.0 + np.random.default_rng(seed).standard_normal(count)
    values[SPIKE:] += 0.0
    return values


def long_frame() -> pd.DataFrame:
    one, two = noise(1), noise(2)
    one[SPIKE] += 40.0
    return pd.concat(
        [
            pd.DataFrame({"timestamp": times(), "metric": "orders", "region": "north", "value": one}),
            pd.DataFrame({"timestamp": times(), "metric": "orders", "region": "south", "value": two}),
        ],
        ignore_index=True,
    )


@pytest.fixture(scope="module")
def scored() -> pd.DataFrame:
    return backtest(long_frame())


def test_columns_and_order(scored: pd.DataFrame) -> None:
    frame = long_frame()
    assert list(scored.columns) == ["timestamp", "metric", "region", *COLUMNS]
    assert scored["timestamp"].tolist() == frame["timestamp"].tolist()
    assert scored["region"].tolist() == frame["region"].tolist()
    assert scored["value"].tolist() == frame["value"].tolist()
    assert scored["anomaly"].dtype == pd.Int64Dtype()
    assert scored[["expected", "lower", "upper", "score"]].notna().all().all()
    assert scored["score"].between(0.0, 100.0, inclusive="left").all()


def test_the_spike_is_the_one_anomaly(scored: pd.DataFrame) -> None:
    marked = scored[scored["anomaly"].notna()]
    assert marked.index.tolist() == [SPIKE]
    assert marked["kind"].tolist() == ["spike"]
    assert marked["anomaly"].tolist() == [1]
    assert scored["kind"].isna().sum() == len(scored) - 1
    assert scored["score"].idxmax() == SPIKE


def test_the_order_of_rows_changes_nothing(scored: pd.DataFrame) -> None:
    mixed = long_frame().sample(frac=1.0, random_state=1)
    again = backtest(mixed)
    assert again["timestamp"].tolist() == mixed["timestamp"].tolist()
    columns = ["timestamp", "region"]
    left = again.sort_values(columns, ignore_index=True)
    right = scored.sort_values(columns, ignore_index=True)
    pd.testing.assert_frame_equal(left, right)


def test_a_wide_frame_row_by_row(scored: pd.DataFrame) -> None:
    frame = long_frame()
    north, south = (frame[frame["region"] == r]["value"].to_numpy() for r in ("north", "south"))
    wide = pd.DataFrame({"when": times(), "a": north, "b": south})
    out = backtest(wide)
    assert list(out.columns) == ["timestamp", "metric", *COLUMNS]
    assert out["metric"].tolist() == ["a", "b"] * COUNT
    a = out[out["metric"] == "a"]["score"].to_numpy()
    assert a.tolist() == scored[scored["region"] == "north"]["score"].tolist()


def test_rows_without_a_finite_value_are_left_out() -> None:
    frame = long_frame()
    frame.loc[[5, 17], "value"] = [np.nan, np.inf]
    out = backtest(frame)
    assert len(out) == len(frame) - 2
    assert out["timestamp"].tolist() == frame.drop(index=[5, 17])["timestamp"].tolist()


def test_naive_times_are_utc(scored: pd.DataFrame) -> None:
    frame = long_frame()
    frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
    assert backtest(frame)["score"].tolist() == scored["score"].tolist()


def test_twice_the_same(scored: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(backtest(long_frame(), Settings()), scored)


def test_two_samples_in_a_bucket_share_its_score() -> None:
    ts = times(200).append(times(200) + pd.Timedelta(seconds=20)).sort_values()
    frame = pd.DataFrame({"timestamp": ts, "metric": "m", "value": noise(3, 400)})
    assert len(backtest(frame)) == 400


def test_without_a_time_there_is_nothing_to_score() -> None:
    with pytest.raises(ValueError, match="time column"):
        backtest(pd.DataFrame({"metric": ["a"], "value": [1.0]}))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_hardly_any_rows(count: int) -> None:
    frame = pd.DataFrame({"timestamp": times(count), "metric": "m", "value": np.ones(count)})
    out = backtest(frame)
    assert len(out) == count
    assert out["anomaly"].isna().all()
