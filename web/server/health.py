"""Health checks: whether this process is alive (`/healthz`) and ready to serve (`/readyz`)."""

from flask import Blueprint, Response, jsonify
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.db import session
from core.queue import redis_connection
from web.guards import public

pages = Blueprint("health", __name__)


@pages.get("/healthz")
@public
def healthz() -> Response:
    return jsonify(status="ok")


@pages.get("/readyz")
@public
def readyz() -> tuple[Response, int]:
    """200 if the database and Redis respond, otherwise 503 with the one that doesn't."""
    parts = {"database": _database_answers(), "redis": _redis_answers()}
    ready = all(parts.values())
    states = {name: "ok" if works else "away" for name, works in parts.items()}
    return jsonify(status="ok" if ready else "not ready", **states), 200 if ready else 503


def _database_answers() -> bool:
    try:
        session().execute(text("SELECT 1 FROM people LIMIT 1"))
    except SQLAlchemyError:
        return False
    return True


def _redis_answers() -> bool:
    try:
        return bool(redis_connection().ping())
    except RedisError:
        return False
