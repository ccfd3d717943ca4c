from jsonschema import Draft202012Validator

from flowprobe.report.schema_parts import count, list_of, maybe, object_of, ref, seconds, text


def test_every_part_is_a_schema_and_takes_what_it_says() -> None:
    schema = {**object_of("A thing.", name=text("Its."), many=list_of(ref("whole"), "Them."), took=seconds("It."), left=maybe("integer", "It.")),
              "$defs": {"whole": count("So many.")}}
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid({"name": "a", "many": [0, 1], "took": 0.5, "left": None, "more": 1})
    for wrong in ({"name": 1}, {"many": [-1]}, {"took": -1}, {"left": "x"}):
        assert not validator.is_valid({"name": "a", "many": [], "took": 0, "left": 1, **wrong})
    assert not validator.is_valid({"name": "a", "many": [], "took": 0})
