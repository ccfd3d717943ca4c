from flowprobe.core.accounts import Account, acting, bound, variants
from flowprobe.core.auth import Bearer, Certificate
from flowprobe.core.scenario import Persona, SecretRef
from tests.scenes import HERE

OURS, THEIRS = (Bearer(SecretRef("env", name, HERE)) for name in ("OURS", "THEIRS"))
CERTIFICATE = Certificate(SecretRef("file", "a.pem", HERE), SecretRef("file", "a.key", HERE))
POOL = (Account("acc_1", HERE, {"team": "t1"}), Account("acc_2", HERE, {"plan": "team"}, THEIRS, CERTIFICATE))
PERSONA = Persona("pro-eu", HERE, {"plan": "pro"}, auth=OURS, accounts=POOL)


def test_an_account_extends_and_replaces_what_its_persona_says() -> None:
    first, second = variants(PERSONA)
    assert (first.fields, first.auth, first.certificate) == ({"plan": "pro", "team": "t1", "account": "acc_1"}, OURS, None)
    assert (second.fields, second.auth, second.certificate) == ({"plan": "team", "account": "acc_2"}, THEIRS, CERTIFICATE)


def test_only_the_identity_names_the_account() -> None:
    leased = bound(PERSONA, POOL[0])
    assert (leased.name, leased.identity, PERSONA.identity) == ("pro-eu", "pro-eu/acc_1", "pro-eu")


def test_a_persona_without_a_pool_acts_as_it_is() -> None:
    plain = Persona("free", HERE)
    assert variants(plain) == (plain,)


def test_who_made_a_thing_is_found_again() -> None:
    personas = {"pro-eu": PERSONA, "free": Persona("free", HERE)}
    assert acting(personas, "pro-eu/acc_2") == variants(PERSONA)[1]
    assert acting(personas, "free") == personas["free"]
    assert [acting(personas, gone) for gone in ("pro-eu", "pro-eu/acc_9", "nobody", "free/acc_1")] == [None] * 4
