"""What mails look like to a program that shows HTML: kept in `artifacts/`, for people to look at."""

import pytest

from core.outbox import emails, html_email
from tests.core.outbox.test_emails import FACTS
from tests.live.axe import violations
from tests.live.browser.test_pages_on_every_screen import PICTURES

pytestmark = [pytest.mark.xdist_group("live"), pytest.mark.browser]

SIZES = {360: "dark", 700: "light"}
LONG = {"workspace": "Norre Lamps, wholesale and repairs for the shops of the north"}


def test_every_mail_fits_a_phone_and_a_desk_in_light_and_dark(app, browser):
    PICTURES.mkdir(exist_ok=True)
    page, requests = browser.new_page(), []
    page.on("request", lambda request: requests.append(request.url))
    for template, facts in FACTS.items():
        subject, text = emails.rendered(template, **facts | (LONG if "workspace" in facts else {}))
        page.set_content(html_email.render(subject, text, emails._address))
        for width, theme in SIZES.items():
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=theme)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
            page.screenshot(path=PICTURES / f"mail-{template}-{width}-{theme}.png", full_page=True)
            assert not violations(page), f"{template} at {width}, {theme}"
    page.close()
    assert not requests
