"""A word of bits that look random, from any word: the finaliser of SplitMix64, compiled.

`monitor.domain.mixing` does the same to many words at once.

Source: G. L. Steele, D. Lea and C. H. Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learners.compiled import kernel


@kernel
def mix(word: Any) -> Any:
    """``word``: a np.uint64, as is the result. Every word has another result.

    >>> hex(mix(np.uint64(0x9E3779B97F4A7C15)))
    '0xe220a8397b1dcdaf'
    """
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))
