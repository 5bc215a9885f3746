"""A name that is nearly one says which."""

from __future__ import annotations

import pytest

from emgdeploy.errors import UsageError
from emgdeploy.signals import datasets


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("flexmeg", "did you mean flexemg"),
        ("ninapro-db55", "ninapro-db5"),
        ("rec/dataset.toml", "--dataset files --data rec"),
        ("zzz", "data sets are: csl"),
    ],
)
def test_a_name_that_is_nearly_one_says_which(name: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        datasets.load(name, None)
    assert hint in str(caught.value.hint)
