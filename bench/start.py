"""How long `pms serve` takes from the command to its first answer."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from bench.measure import Row


def run() -> list[Row]:
    """Three cold starts on a database that is set up; the floor is a bare Flask application on the same server."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "PMS_HOME": home, "PMS_ENV": "production"}
        subprocess.run(
            [
                sys.executable,
                "-m",
                "pms",
                "setup",
                "--name",
                "Bench",
                "--time-zone",
                "Europe/Berlin",
                "--check-in-hour",
                "15",
                "--check-out-hour",
                "12",
                "--username",
                "admin",
                "--password",
                "bench-bench-bench",
            ],
            check=True,
            env=environment,
            stdout=subprocess.DEVNULL,
        )
        measured = sorted(
            _until_answer([sys.executable, "-m", "pms", "serve"], environment, "/login") for _ in range(3)
        )[1]
    bare = (
        "import sys, flask, waitress; app = flask.Flask('bare'); app.route('/login')(lambda: 'ok');"
        "waitress.serve(app, host='127.0.0.1', port=int(sys.argv[-1]), _quiet=True)"
    )
    floor = sorted(_until_answer([sys.executable, "-c", bare], dict(os.environ), "/login") for _ in range(3))[1]
    return [
        Row(
            "pms serve, from the command to the first page",
            f"{measured:.0f} ms",
            f"{floor:.0f} ms",
            measured / floor,
            "bare Flask on waitress",
        )
    ]


def _until_answer(command: list[str], environment: dict[str, str], path: str) -> float:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
    try:
        while time.perf_counter() - start < 30:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                    answer.read()
                    return (time.perf_counter() - start) * 1000
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.005)
    finally:
        process.terminate()
        process.wait(10)
    raise SystemExit("the server did not answer within 30 s")
