"""bin/seed's month in a running product, one of everything else, and people who may see all of it."""

import re
from dataclasses import dataclass
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from flask import Flask

from app import create_app
from benchmarks.product import Product
from core import configuration
from core.accounts import people, workspaces
from core.accounts.models import Membership, Person
from core.accounts.roles import Role
from core.db import transaction
from tests.browser import IsolatedClient
from tests.people import PASSWORD
from tests.routes import set_stage


@dataclass(frozen=True)
class Sample:
    """`values` are what stands in addresses; `app` is the product's core on its database."""

    app: Flask
    slug: str
    emails: list[str]
    values: dict[str, str]


def fill(running: Product, owners: int) -> Sample:
    """Its workspace has so many owners more, whom `cookie_of` signs in."""
    slug = re.findall(r"/w/(\S+)", running.flask("seed"))[0]
    app = create_app(configuration.read(running.environ))
    app.test_client_class = IsolatedClient
    with app.app_context():
        workspace = workspaces.by_slug(slug)
        persons = [_owner(workspace.id, f"bench{number}@example.com") for number in range(owners)]
        values = set_stage(app, workspace).values
        return Sample(app, slug, [person.email for person in persons], values)


def _owner(workspace_id: str, email: str) -> Person:
    person = people.sign_up(email, PASSWORD, "Bea")
    with transaction() as current:
        current.add(Membership(workspace_id=workspace_id, person_id=person.id, role=Role.OWNER))
    return person


def cookie_of(url: str, email: str) -> str:
    """What the browser of somebody who has just signed in sends along."""
    line = HTTPConnection(urlsplit(url).netloc)
    line.request("GET", "/sign-in")
    answer = line.getresponse()
    token = re.search(r'name="csrf-token" content="([^"]+)"', answer.read().decode())
    assert token
    form = urlencode({"email": email, "password": PASSWORD, "csrf_token": token[1]})
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": _sent(answer.msg["Set-Cookie"]),
    }
    line.request("POST", "/sign-in", form, headers)
    answer = line.getresponse()
    assert answer.status == 303, answer.read()
    return _sent(answer.msg["Set-Cookie"])


def _sent(header: str) -> str:
    return "; ".join(f"{name}={morsel.value}" for name, morsel in SimpleCookie(header).items())
