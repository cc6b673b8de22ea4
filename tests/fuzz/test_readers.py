from __future__ import annotations

import random

import pytest
from readers import READERS, damaged

# By how long each takes; `python -m tests.fuzz` goes on from there for as long as one likes.
INPUTS = {"plan": 150, "answer": 300, "records": 200, "events": 300, "issue": 200, "scrub": 150}


@pytest.mark.parametrize("name", READERS)
def test_damaged_input_is_read_or_refused_and_nothing_else(name: str) -> None:
    reader = READERS[name]
    for number in range(INPUTS[name]):
        chance = random.Random(f"{name}/{number}")
        reader.read(damaged(chance, chance.choice(reader.good)))
