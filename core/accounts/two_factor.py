"""Two-factor authentication: codes of an authenticator app (TOTP, RFC 6238) and ten recovery codes.

The app's secret is sealed for its person. Each 30-second code works once, and so does each recovery
code, of which only the digest is stored.
"""

import hmac
import re
import secrets
from collections.abc import Iterator

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core import clock, ids
from core.accounts.models import Person, RecoveryCode
from core.db import changed_one, session, transaction
from core.errors import Conflict, Invalid, Unreadable
from core.outbox import deliveries, emails
from core.secrets import vault

ISSUER = "Mevichat"
STEP_SECONDS = 30
STEPS_AROUND = 1
RECOVERY_CODES = 10
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"

WRONG_CODE = "That code is wrong or was already used. Wait for the next code in your app."
_UNREADABLE = (
    "We can’t check codes from your app anymore because its secret can’t be decrypted. "
    "Use a recovery code, or ask your administrator to reset two-factor authentication."
)
_ON = "Two-factor authentication is already enabled."
_OFF = "Two-factor authentication is disabled."


def begin(person: Person) -> None:
    """Creates the secret for the app. Two-factor authentication stays off until `confirm`."""
    sealed = vault.seal(pyotp.random_base32(), person.totp_key_context)
    with transaction() as current:
        off = (Person.id == person.id, Person.totp_since.is_(None))
        if not changed_one(current, update(Person).where(*off).values(totp_sealed=sealed)):
            raise Conflict(_ON)


def secret_to_confirm(person: Person) -> str:
    """The secret to add to the app, between `begin` and `confirm`; "" at any other time."""
    if person.has_two_factor or not person.totp_sealed:
        return ""
    try:
        return vault.open_sealed(person.totp_sealed, person.totp_key_context)
    except Unreadable:
        return ""


def provisioning_uri(person: Person, secret: str) -> str:
    """The `otpauth://` address for the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)


def confirm(person: Person, code: str, secret_key: str) -> list[str]:
    """Enables two-factor authentication and returns the recovery codes, shown only this once."""
    secret = secret_to_confirm(person)
    step = _step_of(secret, code) if secret else None
    if step is None:
        raise Invalid("That code is wrong or expired. Check your phone’s clock and try again.")
    with transaction() as current:
        same = (Person.id == person.id, Person.totp_since.is_(None))
        on = update(Person).where(*same, Person.totp_sealed == person.totp_sealed)
        if not changed_one(current, on.values(totp_since=clock.now(), totp_last_step=step)):
            raise Conflict(_ON)
        codes = _new_codes(current, person, secret_key)
        delivery_id = _notify(current, person, "enabled")
    deliveries.send_soon(delivery_id)
    return codes


def accepts(person: Person, code: str, secret_key: str) -> bool:
    """Whether this is a valid code of the app or a recovery code. Either can be used only once.

    Raises `Unreadable` for a code of the app if its secret can't be decrypted.
    """
    if re.fullmatch(r"\d{6}", compact := _compact(code)):
        return _use_step(person, compact)
    return _use_recovery_code(person, compact, secret_key)


def new_recovery_codes(person: Person, secret_key: str) -> list[str]:
    """Ten new codes, shown only this once. The previous codes stop working."""
    if not person.has_two_factor:
        raise Conflict(_OFF)
    with transaction() as current:
        codes = _new_codes(current, person, secret_key)
        delivery_id = _notify(current, person, "given new recovery codes")
    deliveries.send_soon(delivery_id)
    return codes


def disable(person: Person) -> None:
    """Disables two-factor authentication. The caller must have verified the person's identity."""
    with transaction() as current:
        on = (Person.id == person.id, Person.totp_since.is_not(None))
        off = update(Person).where(*on).values(totp_sealed="", totp_since=None, totp_last_step=0)
        if not changed_one(current, off):
            raise Conflict(_OFF)
        current.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
        delivery_id = _notify(current, person, "disabled")
    deliveries.send_soon(delivery_id)


def recovery_codes_left(person_id: str) -> int:
    unused = (RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return session().scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def _use_step(person: Person, code: str) -> bool:
    """Accepts a step only if it is newer than the last one used, so that no code works twice."""
    try:
        secret = vault.open_sealed(person.totp_sealed, person.totp_key_context)
    except Unreadable:
        raise Unreadable(_UNREADABLE) from None
    step = _step_of(secret, code)
    if step is None:
        return False
    with transaction() as current:
        unused = (Person.id == person.id, Person.totp_since.is_not(None))
        use = update(Person).where(*unused, Person.totp_last_step < step)
        return changed_one(current, use.values(totp_last_step=step))


def _step_of(secret: str, code: str) -> int | None:
    """The 30-second step that the code belongs to: the current one, or one off for clock drift."""
    app, now = pyotp.TOTP(secret), int(clock.now().timestamp()) // STEP_SECONDS
    steps = range(now - STEPS_AROUND, now + STEPS_AROUND + 1)
    typed = _compact(code).encode()
    matching = [
        step for step in steps if hmac.compare_digest(app.generate_otp(step).encode(), typed)
    ]
    return matching[-1] if matching else None


def _use_recovery_code(person: Person, code: str, secret_key: str) -> bool:
    unused = (RecoveryCode.person_id == person.id, RecoveryCode.used_at.is_(None))
    use = update(RecoveryCode).where(
        *unused, RecoveryCode.digest == _digest(person, code, secret_key)
    )
    with transaction() as current:
        return changed_one(current, use.values(used_at=clock.now()))


def _new_codes(current: Session, person: Person, secret_key: str) -> list[str]:
    current.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person.id))
    codes = list(_codes())
    for code in codes:
        digest = _digest(person, _compact(code), secret_key)
        current.add(RecoveryCode(person_id=person.id, digest=digest))
    return codes


def _codes() -> Iterator[str]:
    """Codes like `k7mq-9xwp`: 39 bits each, without easily confused characters."""
    for _ in range(RECOVERY_CODES):
        characters = "".join(secrets.choice(_LETTERS) for _ in range(8))
        yield f"{characters[:4]}-{characters[4:]}"


def _compact(code: str) -> str:
    """Normalizes a typed code: `123 456`, `K7MQ 9XWP`."""
    return re.sub(r"[\s\-]", "", code[:40]).lower()


def _digest(person: Person, code: str, secret_key: str) -> str:
    return ids.token_digest(f"recovery|{person.id}|{code}", secret_key)


def _notify(current: Session, person: Person, what: str) -> str:
    return emails.add(
        current, "second_factor_changed", person.email, None, name=person.name, what=what
    )
