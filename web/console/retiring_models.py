"""Models that the provider retires: marked in lists and pickers before that day and after it."""

from datetime import timedelta

from core import clock
from core.providers.catalogue import Model
from web.page_context import day

SOON = timedelta(days=30)
"""How long before that day it needs attention."""


def is_over(model: Model) -> bool:
    """`retires_on` is the first day without it. The provider may still serve it."""
    return model.retires_on is not None and model.retires_on <= clock.today()


def is_near(model: Model) -> bool:
    return (
        model.retires_on is not None
        and not is_over(model)
        and model.retires_on - clock.today() <= SOON
    )


def mark(model: Model | None) -> str:
    """“Retires on 11 Dec 2026”; "" if there is no such date, or no model."""
    if model is None or model.retires_on is None:
        return ""
    return f"{'Retired' if is_over(model) else 'Retires'} on {day(model.retires_on)}"
