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


def test_every_error_has_a_code_of_its_own():
    codes = [cause.code for cause in every_error()]
    assert len(codes) == len(set(codes))
