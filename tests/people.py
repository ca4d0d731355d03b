"""The cast: an owner, a billing manager, an admin, a member, and a stranger with a workspace of their own."""

from dataclasses import dataclass

from core.accounts import people, workspaces
from core.accounts.actor import OPERATOR
from core.accounts.models import Membership, Person, Workspace
from core.accounts.roles import Role
from core.db import session, transaction

PASSWORD = "correct horse battery"
INSIDERS = ("owner", "billing", "admin", "member")
EVERYONE = (*INSIDERS, "stranger")


@dataclass(frozen=True)
class Cast:
    """Who is in the tests' organization `workspace`; the stranger is in `elsewhere` only."""

    workspace: Workspace
    elsewhere: Workspace
    owner: Person
    billing: Person
    admin: Person
    member: Person
    stranger: Person

    def __getitem__(self, name: str) -> Person:
        person: Person = getattr(self, name)
        return person


def make_cast(plan: str = "pro") -> Cast:
    persons = {name: make_person(name) for name in EVERYONE}
    workspace = make_workspace(persons["owner"], "Acme", plan)
    elsewhere = make_workspace(persons["stranger"], "Elsewhere", plan)
    roles = {"billing": Role.BILLING, "admin": Role.ADMIN, "member": Role.MEMBER}
    with transaction() as current:
        for name, role in roles.items():
            current.add(
                Membership(workspace_id=workspace.id, person_id=persons[name].id, role=role)
            )
    return Cast(workspace, elsewhere, **persons)


def find_cast() -> Cast | None:
    """The cast, where the database has it already."""
    persons = {name: people.find(f"{name}@example.com") for name in EVERYONE}
    if None in persons.values():
        session().commit()
        return None
    found = Cast(workspaces.by_slug("acme"), workspaces.by_slug("elsewhere"), **persons)
    session().commit()  # ends the read: what the test reads next may be newer
    return found


def make_person(name: str) -> Person:
    return people.sign_up(f"{name}@example.com", PASSWORD, name.capitalize())


def person_now(email: str) -> Person | None:
    """The person as the database has them now, not as the test last read them."""
    session().commit()
    session().expire_all()
    return people.find(email)


def make_member(workspace: Workspace, name: str, role: Role = Role.MEMBER) -> Membership:
    """Another person, who is in the workspace too."""
    person = make_person(name)
    made = Membership(workspace_id=workspace.id, person_id=person.id, role=role)
    with transaction() as current:
        current.add(made)
    return made


def make_workspace(owner: Person, name: str, plan: str) -> Workspace:
    workspace = workspaces.create_organization(owner, name, OPERATOR)
    workspaces.set_plan(workspace, plan, OPERATOR)
    return workspaces.by_slug(workspace.slug)
