import pickle

import pytest

from core import errors


def every_error(cause=errors.MevichatError):
    yield cause
    for kind in cause.__subclasses__():
        yield from every_error(kind)


@pytest.mark.parametrize("cause", list(every_error()))
def test_every_error_survives_pickling(cause):
    error = cause("what to do next")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is cause
    assert again.message == "what to do next"
    assert again.code == error.code


def test_the_field_that_an_error_is_about_survives_pickling_too():
    again = pickle.loads(pickle.dumps(errors.Invalid("Too long.", field="name")))
    assert (again.message, again.field) == ("Too long.", "name")


def test_every_error_has_a_code_of_its_own():
    codes = [cause.code for cause in every_error()]
    assert len(codes) == len(set(codes))
