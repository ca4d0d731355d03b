"""A check: one live, minimal request to the provider that proves a key, run as a job.

A candidate (a pasted key that is not stored yet) lives sealed in Redis for two minutes; when its
check fails, nothing of it is kept anywhere.
"""

from dataclasses import replace

from core import queue
from core.accounts.models import Person, Workspace
from core.db import release, transaction
from core.errors import Invalid, MevichatError, NotFound, PlanDoesNotAllow, Unreadable
from core.keys import life, paste, pending, vault
from core.keys.fingerprints import fingerprint
from core.keys.models import ProviderKey
from core.keys.pending import ASKING, FAILED, LOST, PASSED, SAVED, UNCHECKED, Check
from core.plans import plans_with_keys
from core.providers import catalogue, endpoints
from core.providers.failures import Failure, is_key_fault
from core.providers.probe import ProbeOutcome, probe


def check_candidate_later(
    workspace: Workspace, provider_slug: str, text: str, person: Person
) -> Check:
    """Takes a paste for a new or replacing key and has it checked; raises before anything is kept."""
    provider = catalogue.provider(provider_slug)
    require_plan(workspace)
    secret, hint = paste.tidy(text)
    paste.check(secret, provider)
    stored = life.find(workspace.id, provider_slug)
    _refuse_the_stored_key(stored, secret)
    key_id = stored.id if stored else ""
    check = pending.new_check(
        workspace.id, provider_slug, "save", person.name, hint=hint, key_id=key_id
    )
    pending.keep_candidate(
        check.id, vault.seal(secret, vault.key_place(workspace.id, provider_slug))
    )
    pending.keep(check)
    queue.enqueue(queue.CHECKS, "workers.jobs.check_candidate", check.id)
    return check


def check_key_later(
    key: ProviderKey, asked_by: str, purpose: str = "test", model: str = ""
) -> Check:
    """Has a stored key checked again. `model` is the one a live request was refused on, if any."""
    check = pending.new_check(
        key.workspace_id, key.provider, purpose, asked_by, mask=key.mask, model=model
    )
    pending.keep(check)
    queue.enqueue(queue.CHECKS, "workers.jobs.check_key", check.id, key.id, str(key.version))
    return check


def require_plan(workspace: Workspace) -> None:
    if not workspace.plan.provider_keys:
        names = " and ".join(plan.name for plan in plans_with_keys(workspace.kind))
        raise PlanDoesNotAllow(
            f"The {workspace.plan.name} plan has no provider keys. They come with {names}."
        )


def find(check_id: str, workspace_id: str) -> Check:
    """The check as it stands; one that nobody finished in 90 seconds counts as lost."""
    check = pending.load(check_id)
    if check is None or check.workspace_id != workspace_id:
        raise NotFound("This check is over and its outcome no longer kept. Look at the key’s row.")
    return _what_became_of(check) if check.overdue else check


def _what_became_of(check: Check) -> Check:
    """A check without an end is lost, unless its key was stored and only the word of it did not arrive."""
    key = life.find(check.workspace_id, check.provider)
    if key and key.saved_by_check == check.id:
        return replace(check, state=SAVED, mask=key.mask)
    return replace(check, state=LOST)


def run_candidate(check_id: str) -> None:
    """The job behind *Validate & save*. Ends with a stored row, or with nothing but the outcome."""
    check = pending.load(check_id)
    if check is None or not check.pending:
        return
    sealed = pending.candidate(check_id)
    if sealed is None or check.overdue:
        pending.forget_candidate(check_id)
        pending.keep(_what_became_of(check))
        return
    pending.keep(_judged_candidate(replace(check, state=ASKING), sealed))
    pending.forget_candidate(check_id)


def _judged_candidate(check: Check, sealed: str) -> Check:
    pending.keep(check)
    secret = vault.open_sealed(sealed, vault.key_place(check.workspace_id, check.provider))
    outcome = _ask(check.provider, secret)
    if outcome.failure is not None:
        return _with_failure(check, outcome.failure)
    try:
        key = life.save(
            check.workspace_id, check.provider, secret, check.asked_by, check.id, check.key_id
        )
    except MevichatError as error:
        return replace(check, state=FAILED, words=error.message)
    return replace(check, state=SAVED, mask=key.mask, model=outcome.model)


def run_key(check_id: str, key_id: str, version: int) -> None:
    """The job behind *Test* and behind a live refusal: asks the provider, then says it of this version."""
    check = pending.load(check_id)
    key = life.by_id(key_id)
    if check is None or not check.pending:
        return
    if key is None or key.version != version:
        pending.keep(replace(check, state=LOST))
        return
    pending.keep(_judged_key(replace(check, state=ASKING), key))


def _judged_key(check: Check, key: ProviderKey) -> Check:
    pending.keep(check)
    try:
        secret = vault.open_sealed(key.sealed, key.place)
    except Unreadable as error:
        life.mark_unreadable(key)
        return replace(check, state=FAILED, reason=life.UNREADABLE, words=error.message)
    outcome = _ask(key.provider, secret)
    if outcome.failure is None:
        note = f"The key works, but {check.model} was refused." if check.model else ""
        life.mark_valid(key, check.purpose, note)
        return replace(check, state=PASSED, model=outcome.model)
    life.note_failed_check(key, outcome.failure, check.purpose)
    return _with_failure(check, outcome.failure)


def _ask(provider_slug: str, secret: str) -> ProbeOutcome:
    """The request itself, with no database connection held while the provider thinks."""
    release()
    return probe(endpoints.endpoint(provider_slug), secret, catalogue.provider(provider_slug))


def _with_failure(check: Check, failure: Failure) -> Check:
    state = FAILED if is_key_fault(failure) else UNCHECKED
    return replace(check, state=state, reason=str(failure.kind), words=failure.message)


def _refuse_the_stored_key(stored: ProviderKey | None, secret: str) -> None:
    if stored is None:
        return
    with transaction() as current:
        same = stored.fingerprint == fingerprint(current, secret, stored.workspace_id)
    if same:
        raise Invalid("This is the key that is stored already. Use “Test” to check it again.")
