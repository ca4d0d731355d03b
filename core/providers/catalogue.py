"""Which providers and models there are: `catalogue.toml`, checked when it is loaded.

Which of them a plan allows is not known here: a model has a tier, and `core/plans.py` names tiers.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files
from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from core.errors import NotFound
from core.providers.failure_rules import FailureKind
from core.providers.wire import OutputLimitField, route_of

Auth = Literal["bearer", "x-api-key", "api-key", "sigv4"]
Serves = Literal["chat", "fim", "embeddings"]
BotTier = Literal["mini", "standard", "premium"]


class UnknownProvider(NotFound, LookupError):
    code = "unknown_provider"


class UnknownModel(NotFound, LookupError):
    code = "unknown_model"


class CatalogueError(ValueError):
    """The catalogue file is invalid; the message says where."""


@dataclass(frozen=True, slots=True)
class KeyShape:
    """What a paste can be told by: a regular expression for its beginning or its whole."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    pattern: str
    says: str
    """Whose it is ("Google AI Studio"), or, of the same provider, why it is the wrong kind."""
    at_default_host: bool = False
    """Whether it is wrong at the provider's usual address only, not where the operator set another."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that runs models. `base_url` is a default; the operator may set another."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    slug: str
    name: str
    wire: str
    """The format of key checks and bots: one of `formats.FORMATS`, which `paths` has to have."""
    base_url: str
    byok: bool
    """Whether a workspace may hold a key for it."""
    key_prefixes: tuple[str, ...]
    """The longest first."""
    key_shape: str
    """A sentence for the person who pastes one."""
    key_url: str
    console_url: str
    output_limit_field: OutputLimitField
    """For models that the catalogue does not list, such as the next ones."""
    probe_models: tuple[str, ...]
    """By the provider's own names: those to prove a key with, the first choice first."""
    paths: dict[str, str]
    """Which formats it speaks, and where: after the base URL, or from the root of its host (`//…`)."""
    auth: Auth = "bearer"
    wrong_keys: tuple[KeyShape, ...] = ()
    """Its own keys that cannot answer: another kind, another host."""
    direct: bool = False
    """Whether its models are only reached by a name with its slug before it: `slug/model`."""
    model_prefixes: tuple[str, ...] = ()
    """What names of its models begin with: those that are newer than this file go to it."""
    sibling: str = ""
    """The provider whose keys look the same: a key refused here is tried there once."""
    refuses_in_passing: bool = False
    """Whether it sometimes refuses valid keys, so that a refusal is retried once."""
    advice: dict[FailureKind, str] = field(default_factory=dict)
    """What to do when a check of its key ends so, where there is more to say than for the others."""


@dataclass(frozen=True, slots=True)
class Model:
    """One model of one provider. Prices are micro-dollars per million tokens."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    """`provider:name`."""
    provider: str
    upstream_id: str
    """The provider's own name for it."""
    name: str
    context_tokens: int
    max_output_tokens: int
    price_in_microusd_per_mtok: int
    price_out_microusd_per_mtok: int
    priced_on: date
    output_limit_field: OutputLimitField
    bot_tier: BotTier | None = None
    """None if bots cannot be set to it."""
    retires_on: date | None = None
    """The first day on which it no longer answers."""
    serves: tuple[Serves, ...] = ("chat",)
    """What it is asked for: chat is in any format."""


@dataclass(frozen=True, slots=True)
class EmbeddingModel:
    """How a listed model creates embeddings of texts, for semantic search."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    """Of the listed model, where its names and its price are."""
    dimensions: int
    """Asked for: fewer cost less to keep and compare."""
    close_from: float
    """The least cosine at which a text has to do with a question. Each model has its own scale."""

    @property
    def model(self) -> Model:
        return model(self.id)

    @property
    def provider(self) -> str:
        return self.id.partition(":")[0]

    @property
    def made_by(self) -> str:
        """What its vectors are marked with: those of different marks are never compared."""
        return f"{self.id}/{self.dimensions}"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    providers: tuple[Provider, ...]
    models: tuple[Model, ...]
    embedding_models: tuple[EmbeddingModel, ...] = ()
    foreign_keys: tuple[KeyShape, ...] = ()
    """Keys of others that people hold, and may paste by mistake."""


def load(text: str) -> Catalogue:
    """The catalogue in a TOML text. Raises `CatalogueError`."""
    try:
        catalogue = TypeAdapter(Catalogue).validate_python(tomllib.loads(text))
    except ValidationError as error:
        raise CatalogueError(_explained(error)) from None
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"Not TOML: {error}") from None
    _check(catalogue)
    return catalogue


def _explained(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"Invalid at {where}: {first['msg']}"


def _check(catalogue: Catalogue) -> None:
    slugs = [provider.slug for provider in catalogue.providers]
    _refuse_twice("provider", slugs)
    for provider in catalogue.providers:
        _check_provider(provider, slugs)
    _refuse_twice("model", (model.id for model in catalogue.models))
    for shape in (*catalogue.foreign_keys, *(s for p in catalogue.providers for s in p.wrong_keys)):
        _check_pattern(shape)
    for model in catalogue.models:
        if model.provider not in slugs:
            raise CatalogueError(f"Model {model.id} names an unknown provider: {model.provider}.")
        if not model.id.startswith(f"{model.provider}:"):
            raise CatalogueError(f"Model {model.id} doesn’t begin with “{model.provider}:”.")
    with_vectors = {model.id for model in catalogue.models if "embeddings" in model.serves}
    for embedding in catalogue.embedding_models:
        if embedding.id not in with_vectors:
            raise CatalogueError(f"The model {embedding.id} isn’t listed as serving embeddings.")


def _check_provider(provider: Provider, slugs: list[str]) -> None:
    route = route_of(provider.wire)
    if route not in provider.paths:
        raise CatalogueError(f"Provider {provider.slug} has no path for {route}.")
    if provider.byok and not provider.probe_models:
        raise CatalogueError(f"Provider {provider.slug} has no model to test keys with.")
    if provider.sibling and provider.sibling not in slugs:
        raise CatalogueError(
            f"Provider {provider.slug} has an unknown sibling: {provider.sibling}."
        )


def _check_pattern(shape: KeyShape) -> None:
    try:
        re.compile(shape.pattern)
    except re.error as error:
        raise CatalogueError(f"The pattern {shape.pattern} is invalid: {error}.") from None


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise CatalogueError(f"A {what} is listed twice: {twice[0]}.")


_CATALOGUE = load(files("core.providers").joinpath("catalogue.toml").read_text("utf-8"))
_PROVIDERS = {provider.slug: provider for provider in _CATALOGUE.providers}
_MODELS = {model.id: model for model in _CATALOGUE.models}
_BY_NAME: dict[str, tuple[Model, ...]] = {}
for _model in _CATALOGUE.models:
    _name = _model.id.partition(":")[2]
    _BY_NAME[_name] = (*_BY_NAME.get(_name, ()), _model)


def providers() -> tuple[Provider, ...]:
    """Every provider, in the order of the file."""
    return _CATALOGUE.providers


def provider(slug: str) -> Provider:
    """The provider of that name. Raises `UnknownProvider`."""
    if slug not in _PROVIDERS:
        raise UnknownProvider(f"There is no provider “{slug}”. There are: {_listed(_PROVIDERS)}.")
    return _PROVIDERS[slug]


def byok_providers() -> tuple[Provider, ...]:
    """Those that a workspace may hold a key for."""
    return tuple(provider for provider in providers() if provider.byok)


def foreign_keys() -> tuple[KeyShape, ...]:
    """Shapes of keys that belong to nobody in the catalogue."""
    return _CATALOGUE.foreign_keys


def models() -> tuple[Model, ...]:
    """Every model, in the order of the file."""
    return _CATALOGUE.models


def model(model_id: str) -> Model:
    """The model of that whole id, `provider:name`. Raises `UnknownModel`."""
    if model_id not in _MODELS:
        raise _unknown(model_id)
    return _MODELS[model_id]


def embedding_model() -> EmbeddingModel:
    """The one for semantic search of knowledge: the first of the file."""
    return _CATALOGUE.embedding_models[0]


def serving(name: str) -> tuple[Model, ...]:
    """Every model of that bare name, in the order of the file: one for each provider that has it."""
    return _BY_NAME.get(name, ())


def find_model(text: str) -> Model:
    """The model of that id or bare name (the first listed, if several have it). `UnknownModel`."""
    found = _MODELS.get(text) or next(iter(serving(text)), None)
    if found is None:
        raise _unknown(text)
    return found


def bot_models() -> tuple[Model, ...]:
    """Those that bots can be set to, plan permitting."""
    return tuple(model for model in models() if model.bot_tier)


def _unknown(text: str) -> UnknownModel:
    return UnknownModel(f"There is no model “{text[:100]}”. There are: {_listed(_MODELS)}.")


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names)
