"""A check: one live, minimal request to the provider that proves a key, run as a job.

A candidate (a pasted key that is not stored yet) lives sealed in Redis for two minutes; when its
check fails, nothing of it is kept anywhere. A check asks the provider twice at most, however often
its worker is killed, and has no say any more once a page has given it up.
"""

from dataclasses import replace

from core import queue
from core.accounts import audit
from core.accounts.actor import MEVICHAT, Actor
from core.accounts.models import Workspace
from core.db import release, session, transaction
from core.errors import Invalid, MevichatError, NotFound, PlanDoesNotAllow, Unreadable
from core.keys import fingerprints, model_access, paste, pending, saving, states, store, verdicts
from core.keys.models import ProviderKey
from core.keys.pending import ASKING, FAILED, LOST, PASSED, SAVED, UNCHECKED, Check
from core.keys.saving import Proof
from core.keys.states import Outcome
from core.plans import plans_with_keys
from core.providers import catalogue, endpoints
from core.providers.catalogue import UnknownModel
from core.providers.failures import Failure, FailureKind, is_key_fault
from core.providers.probe import TIMEOUTS, ProbeOutcome, probe
from core.secrets import vault

SAVE, TEST, CONFIRM, SCHEDULE = "save", "test", "confirm", "schedule"
STORED_WITHIN_SECONDS = 85
"""Less than a page waits: what it has given up must not be stored behind its back."""


def check_candidate_later(
    workspace: Workspace, provider_slug: str, text: str, actor: Actor
) -> Check:
    """Takes a paste for a new or replacing key and has it checked; raises before anything is kept."""
    provider = catalogue.provider(provider_slug)
    require_plan(workspace)
    secret, hint = paste.tidy(text)
    paste.check(secret, provider)
    hint = f"{hint} {_stored_elsewhere(workspace.id, secret, provider_slug)}".strip()
    stored = store.find(workspace.id, provider_slug)
    key_id = stored.id if stored else ""
    check = pending.new_check(workspace.id, provider_slug, SAVE, actor, hint=hint, key_id=key_id)
    place = vault.key_context(workspace.id, provider_slug)
    pending.keep_candidate(check.id, vault.seal(secret, place))
    pending.keep(check)
    queue.enqueue(queue.CHECKS, "workers.jobs.check_candidate", check.id)
    return check


def test_later(key: ProviderKey, actor: Actor) -> Check:
    """*Test*: has a stored key checked because somebody asked, which the audit log remembers."""
    check = pending.new_check(key.workspace_id, key.provider, TEST, actor, mask=key.mask)
    pending.keep(check)
    with transaction() as current:
        audit.record(current, key.workspace_id, actor, "key.tested", key.provider, mask=key.mask)
    return _enqueued(check, key)


def confirm_later(key: ProviderKey, model_id: str) -> Check:
    """After a live refusal: if the check passes, only `model_id` was refused."""
    return _by_itself(key, CONFIRM, model_id)


def recheck_later(key: ProviderKey) -> Check:
    """When its time has come."""
    return _by_itself(key, SCHEDULE)


def _by_itself(key: ProviderKey, purpose: str, model_id: str = "") -> Check:
    about = {"mask": key.mask, "model": model_id}
    check = pending.new_check(key.workspace_id, key.provider, purpose, MEVICHAT, **about)
    pending.keep(check)
    return _enqueued(check, key)


def _enqueued(check: Check, key: ProviderKey) -> Check:
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
    key = store.find(check.workspace_id, check.provider)
    if key and key.saved_by_check == check.id:
        return replace(check, state=SAVED, mask=key.mask)
    return replace(check, state=LOST)


def run_candidate(check_id: str) -> None:
    """The job behind *Validate & save*. Ends with a stored row, or with nothing but the outcome."""
    check = pending.load(check_id)
    if check is None or not check.pending:
        return
    sealed = pending.candidate(check_id)
    if sealed is None or _out_of_time(check) or not pending.may_ask(check_id):
        pending.forget_candidate(check_id)
        pending.keep(_what_became_of(check))
        return
    pending.keep(_judged_candidate(replace(check, state=ASKING), sealed))
    pending.forget_candidate(check_id)


def _judged_candidate(check: Check, sealed: str) -> Check:
    pending.keep(check)
    secret = vault.open_sealed(sealed, vault.key_context(check.workspace_id, check.provider))
    outcome = _ask(check, secret)
    if outcome.failure is not None:
        hint = _fits_the_sibling(check, secret, outcome.failure)
        return _with_failure(check, outcome.failure, hint)
    missing = model_access.missing_models(check.provider, secret)
    release()
    if _out_of_time(check):
        return _what_became_of(check)
    try:
        require_plan(session().get_one(Workspace, check.workspace_id))
        proof = Proof(check.id, missing or ())
        key = saving.save(
            check.workspace_id, check.provider, secret, check.actor, proof, check.key_id
        )
    except MevichatError as error:
        return replace(check, state=FAILED, words=error.message)
    return replace(check, state=SAVED, mask=key.mask, model=outcome.model)


def run_key(check_id: str, key_id: str, version: int) -> None:
    """The job behind *Test*, a live refusal and the schedule: asks, then says it of this version."""
    check = pending.load(check_id)
    key = store.by_id(key_id)
    if check is None or not check.pending:
        return
    over = key is None or key.version != version or check.overdue
    if key is None or over or not pending.may_ask(check_id):
        pending.keep(replace(check, state=LOST))
        return
    pending.keep(_judged_key(replace(check, state=ASKING), key))


def _judged_key(check: Check, key: ProviderKey) -> Check:
    pending.keep(check)
    try:
        secret = vault.open_sealed(key.sealed, key.place)
    except Unreadable as error:
        verdicts.record_unreadable(key, check.purpose)
        return replace(check, state=FAILED, reason=states.UNREADABLE, words=error.message)
    outcome = _ask(check, secret)
    verdict = states.verdict_of(outcome.failure)
    passed = verdict.outcome is Outcome.passed
    unavailable = _unavailable(check, key, secret) if passed else set()
    note = _note(check.model) if passed and check.model else ""
    verdicts.record_check(key, verdict, check.purpose, unavailable, note)
    if outcome.failure is not None:
        return _with_failure(check, outcome.failure)
    return replace(check, state=PASSED, model=outcome.model)


def _unavailable(check: Check, key: ProviderKey, secret: str) -> set[str]:
    return model_access.of_key(key, secret, check.model, afresh=check.purpose == TEST)


def _note(model_id: str) -> str:
    try:
        name = catalogue.model(model_id).name
    except UnknownModel:
        name = model_id
    return f"The key works, but {name} was refused."


def _ask(check: Check, secret: str) -> ProbeOutcome:
    """The request itself, with no database connection held while the provider thinks."""
    release()
    left = max(1.0, STORED_WITHIN_SECONDS - check.age_seconds - 5)
    limits = replace(
        TIMEOUTS,
        first_byte_seconds=min(TIMEOUTS.first_byte_seconds, left),
        total_seconds=min(TIMEOUTS.total_seconds, left),
    )
    provider = catalogue.provider(check.provider)
    return probe(endpoints.endpoint(check.provider), secret, provider, limits)


def _out_of_time(check: Check) -> bool:
    return check.age_seconds > STORED_WITHIN_SECONDS


def _with_failure(check: Check, failure: Failure, hint: str = "") -> Check:
    state = FAILED if is_key_fault(failure) else UNCHECKED
    advice = hint or catalogue.provider(check.provider).advice.get(failure.kind, "")
    hint = f"{advice} {check.hint}".strip()
    return replace(check, state=state, reason=str(failure.kind), words=failure.message, hint=hint)


def _fits_the_sibling(check: Check, secret: str, failure: Failure) -> str:
    """Says so where a refused paste is a key of the provider whose keys look the same."""
    sibling = catalogue.provider(check.provider).sibling
    if failure.kind is not FailureKind.rejected or not sibling:
        return ""
    name = catalogue.provider(sibling).name
    there = _ask(replace(check, provider=sibling), secret).failure
    if there is None:
        return f"It is a key for {name}, which accepts it: add it there."
    return f"{name} refuses it, too." if there.kind is FailureKind.rejected else ""


def _stored_elsewhere(workspace_id: str, secret: str, provider_slug: str) -> str:
    """Refuses the key that is stored already; says where else it is stored, or "".

    Two providers may well be one server of the workspace's own, behind one key: that is only said.
    """
    with transaction() as current:
        pasted = fingerprints.fingerprint(current, secret, workspace_id)
        keys = store.keys_of(workspace_id)
        same = [key.provider for key in keys if fingerprints.of_key(current, key) == pasted]
    if provider_slug in same:
        raise Invalid("This is the key that is stored already. Use “Test” to check it again.")
    names = " and ".join(catalogue.provider(slug).name for slug in same)
    return f"The same key is stored for {names}, too." if names else ""
