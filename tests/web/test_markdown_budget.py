"""64 kB of anything are laid out in time: what has more Markdown than the budget is shown as it was written."""

import re
import time

import pytest

from tests.rendering.markdown_cases import FLOODS, SOURCES
from web import markdown_budget
from web.markdown import safe_html

MOST_SECONDS = 0.1


@pytest.mark.parametrize("text", FLOODS.values(), ids=FLOODS)
def test_64_kilobytes_of_anything_take_a_tenth_of_a_second(text):
    spent = []
    for _ in range(2):
        start = time.process_time()
        safe_html(text, SOURCES)
        spent.append(time.process_time() - start)
    assert min(spent) < MOST_SECONDS


AT_THE_LIMIT = {
    "lines": ("a\n" * markdown_budget.MAX_LINES, "a\n"),
    "marks": ("a" + "*" * markdown_budget.MAX_MARKS, "*"),
    "blocks": ("a\n\n" * (markdown_budget.MAX_BLOCK_TOKENS // 3), "a\n\n"),
    "cells": ("|a|\n|-|\n" + "|b|\n" * (markdown_budget.MAX_CELLS // 3 - 2), "|b|\n"),
}


@pytest.mark.parametrize("name", AT_THE_LIMIT)
def test_what_is_over_the_budget_is_paragraphs_as_they_were_written(name):
    text, more = AT_THE_LIMIT[name]
    over = f"{text}{more * 3}\n\n<b>**bold**\r\nline\n\n\n"
    assert safe_html(over).endswith("<p>&lt;b&gt;**bold**<br>\nline</p>\n")
    assert not re.search("<(?!/?p>|br>)", safe_html(over))


def test_a_long_answer_of_a_model_is_laid_out():
    """Three hundred items, a table of 120 rows, 600 lines of code, links and text, in 48 kB."""
    answer = "\n\n".join(
        [
            "".join(
                f"{number}. **Step {number}**: do `this` and [that](https://a.example/{number}).\n"
                for number in range(300)
            ),
            "| a | b | c | d |\n|---|---|---|---|\n" + "| 1 | 2 | 3 | 4 |\n" * 120,
            "```python\n" + "    x[i] = {'a': *b, **c}  # <!>\n" * 600 + "```",
            *("A paragraph of plain text, as models write it. " * 6 for _ in range(40)),
        ]
    )
    shown = safe_html(answer)
    assert len(answer) > 48_000
    assert shown.count("<li>") == 300 and shown.count("<tr>") == 121 and shown.count("<pre") == 1
