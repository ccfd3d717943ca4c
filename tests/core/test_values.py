import pickle

import pytest

from flowprobe.core.values import Places, Position

PLACES = Places("a.yaml", ("status", 2, 4, "json", 3, 4))


def test_the_place_of_a_key_is_counted_from_one() -> None:
    assert PLACES["json"] == Position("a.yaml", 4, 5)
    assert dict(PLACES) == {"status": Position("a.yaml", 3, 5), "json": Position("a.yaml", 4, 5)}
    assert len(PLACES) == 2


def test_a_key_that_does_not_stand_there_has_no_place() -> None:
    assert PLACES.get("within") is None
    with pytest.raises(KeyError):
        PLACES["within"]


def test_places_are_values_like_others() -> None:
    assert pickle.loads(pickle.dumps(PLACES)) == PLACES == dict(PLACES)
    assert Places("b.yaml", ("status", 2, 4, "json", 3, 4)) != PLACES
