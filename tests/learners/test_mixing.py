"""The two ways of mixing bits."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from learners.mixing import mix
from monitor.domain.mixing import mixed


@given(st.lists(st.integers(0, 2**64 - 1), max_size=20))
def test_one_word_and_many_are_mixed_alike(words: list[int]) -> None:
    assert [int(mix(np.uint64(word))) for word in words] == mixed(np.array(words, np.uint64)).tolist()
