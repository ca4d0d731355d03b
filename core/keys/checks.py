"""Checks: a job sends one minimal live request to the provider to test a key.

A candidate (a pasted key that isn't stored yet) is kept in Redis, sealed, for two minutes; if its check
fails, nothing of it is stored. A check sends at most two requests, however often its worker is killed,
and its result is discarded once it has timed out.
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
"""Shorter than the page waits, so that no key is stored after the page reported a timeout."""


def check_candidate_later(
    workspace: Workspace, provider_slug: str, text: str, actor: Actor
) -> Check:
    """Queues the check of a pasted key, new or replacing one. Raises before anything is stored."""
    provider = catalogue.provider(provider_slug)
    require_plan(workspace)
    secret, hint = paste.tidy(text)
    paste.check(secret, provider)
    hint = f"{hint} {_stored_elsewhere(workspace.id, secret, provider_slug)}".strip()
    stored = store.find(workspace.id, provider_slug)
    key_id = stored.id if stored else ""
    check = pending.new_check(workspace.id, provider_slug, SAVE, actor, hint=hint, key_id=key_id)
    context = vault.provider_key_context(workspace.id, provider_slug)
    pending.keep_candidate(check.id, vault.seal(secret, context))
    pending.keep(check)
    queue.enqueue(queue.CHECKS, "workers.jobs.check_candidate", check.id)
    return check


def test_later(key: ProviderKey, actor: Actor) -> Check:
    """Queues the check behind the Test button, and records it in the audit log."""
    check = pending.new_check(key.workspace_id, key.provider, TEST, actor, mask=key.mask)
    pending.keep(check)
    with transaction() as current:
        audit.record(current, key.workspace_id, actor, "key.tested", key.provider, mask=key.mask)
    return _enqueued(check, key)


def confirm_later(key: ProviderKey, model_id: str) -> Check:
    """Queues a check after a live refusal: if it passes, only `model_id` was refused."""
    return _check_automatically(key, CONFIRM, model_id)


def recheck_later(key: ProviderKey) -> Check:
    """Queues a scheduled check."""
    return _check_automatically(key, SCHEDULE)


def _check_automatically(key: ProviderKey, purpose: str, model_id: str = "") -> Check:
    facts = {"mask": key.mask, "model": model_id}
    check = pending.new_check(key.workspace_id, key.provider, purpose, MEVICHAT, **facts)
    pending.keep(check)
    return _enqueued(check, key)


def _enqueued(check: Check, key: ProviderKey) -> Check:
    queue.enqueue(queue.CHECKS, "workers.jobs.check_key", check.id, key.id, str(key.version))
    return check


def require_plan(workspace: Workspace) -> None:
    if not workspace.plan.provider_keys:
        names = " or ".join(plan.name for plan in plans_with_keys(workspace.kind))
        raise PlanDoesNotAllow(
            f"The {workspace.plan.name} plan doesn’t include provider keys. Upgrade to {names}."
        )


def find(check_id: str, workspace_id: str) -> Check:
    """The check's current state; after 90 seconds an unfinished one counts as lost."""
    check = pending.load(check_id)
    if check is None or check.workspace_id != workspace_id:
        raise NotFound(
            "The result of this check is no longer available. See the key’s current status."
        )
    return _final_state(check) if check.overdue else check


def _final_state(check: Check) -> Check:
    """An unfinished check is lost, unless its key was stored and only its state wasn't updated."""
    key = store.find(check.workspace_id, check.provider)
    if key and key.saved_by_check == check.id:
        return replace(check, state=SAVED, mask=key.mask)
    return replace(check, state=LOST)


def run_candidate(check_id: str) -> None:
    """The job behind *Validate & save*: stores the key if its check passes."""
    check = pending.load(check_id)
    if check is None or not check.pending:
        return
    sealed = pending.candidate(check_id)
    if sealed is None or _out_of_time(check) or not pending.may_call_provider(check_id):
        pending.forget_candidate(check_id)
        pending.keep(_final_state(check))
        return
    pending.keep(_checked_candidate(replace(check, state=ASKING), sealed))
    pending.forget_candidate(check_id)


def _checked_candidate(check: Check, sealed: str) -> Check:
    pending.keep(check)
    secret = vault.open_sealed(
        sealed, vault.provider_key_context(check.workspace_id, check.provider)
    )
    outcome = _probe(check, secret)
    if outcome.failure is not None:
        hint = _sibling_hint(check, secret, outcome.failure)
        return _with_failure(check, outcome.failure, hint)
    missing = model_access.missing_models(check.provider, secret)
    release()
    if _out_of_time(check):
        return _final_state(check)
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
    """The job behind Test, live refusals and the schedule: checks this version of a stored key."""
    check = pending.load(check_id)
    key = store.by_id(key_id)
    if check is None or not check.pending:
        return
    outdated = key is None or key.version != version or check.overdue
    if key is None or outdated or not pending.may_call_provider(check_id):
        pending.keep(replace(check, state=LOST))
        return
    pending.keep(_checked_key(replace(check, state=ASKING), key))


def _checked_key(check: Check, key: ProviderKey) -> Check:
    pending.keep(check)
    try:
        secret = vault.open_sealed(key.sealed, key.key_context)
    except Unreadable as error:
        verdicts.record_unreadable(key, check.purpose)
        return replace(check, state=FAILED, reason=states.UNREADABLE, words=error.message)
    outcome = _probe(check, secret)
    verdict = states.verdict_of(outcome.failure)
    passed = verdict.outcome is Outcome.passed
    unavailable = _unavailable(check, key, secret) if passed else set()
    note = _model_refused(check.model) if passed and check.model else ""
    verdicts.record_check(key, verdict, check.purpose, unavailable, note)
    if outcome.failure is not None:
        return _with_failure(check, outcome.failure)
    return replace(check, state=PASSED, model=outcome.model)


def _unavailable(check: Check, key: ProviderKey, secret: str) -> set[str]:
    return model_access.of_key(key, secret, check.model, forget_refusals=check.purpose == TEST)


def _model_refused(model_id: str) -> str:
    try:
        name = catalogue.model(model_id).name
    except UnknownModel:
        name = model_id
    return f"The key works, but the provider refused {name}."


def _probe(check: Check, secret: str) -> ProbeOutcome:
    """Sends the request, without holding a database connection meanwhile."""
    release()
    seconds_left = max(1.0, STORED_WITHIN_SECONDS - check.age_seconds - 5)
    limits = replace(
        TIMEOUTS,
        first_byte_seconds=min(TIMEOUTS.first_byte_seconds, seconds_left),
        total_seconds=min(TIMEOUTS.total_seconds, seconds_left),
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


def _sibling_hint(check: Check, secret: str, failure: Failure) -> str:
    """Says whether a rejected paste is a key of the provider whose keys look the same."""
    sibling = catalogue.provider(check.provider).sibling
    if failure.kind is not FailureKind.rejected or not sibling:
        return ""
    name = catalogue.provider(sibling).name
    sibling_failure = _probe(replace(check, provider=sibling), secret).failure
    if sibling_failure is None:
        return f"{name} accepts this key. Add it under {name} instead."
    rejected = sibling_failure.kind is FailureKind.rejected
    return f"{name} rejects it too." if rejected else ""


def _stored_elsewhere(workspace_id: str, secret: str, provider_slug: str) -> str:
    """A hint about other providers that have the same key stored, or "".

    Raises `Invalid` if this provider has it already. Two providers may legitimately share a key, if both
    are a server of the workspace's own: that is only a hint.
    """
    with transaction() as current:
        pasted = fingerprints.fingerprint(current, secret, workspace_id)
        keys = store.keys_of(workspace_id)
        same = [key.provider for key in keys if fingerprints.of_key(current, key) == pasted]
    if provider_slug in same:
        raise Invalid("This key is already stored. Use Test to check it again.")
    names = " and ".join(catalogue.provider(slug).name for slug in same)
    return f"The same key is also stored for {names}." if names else ""
