#!/bin/sh
# Makes .venv and installs what is named (with the exact versions of constraints.txt). Uses uv where it is installed.
set -eu
python=${PYTHON:-python3}
what=$1

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "Latchkey needs Python 3.11 or newer; '$python' is $("$python" -V 2>&1). Set PYTHON=… to another." >&2
    exit 1
}

if command -v uv >/dev/null 2>&1; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "$python" .venv
    exec uv pip install --quiet --python .venv/bin/python --constraint constraints.txt --editable "$what"
fi

if [ ! -x .venv/bin/python ]; then
    # Debian keeps pip's seed in a package of its own; without it, another pip can still fill the environment.
    "$python" -m venv .venv 2>/dev/null || "$python" -m venv --clear --without-pip .venv
fi
if .venv/bin/python -m pip --version >/dev/null 2>&1; then
    exec .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable "$what"
fi
if "$python" -m pip --version >/dev/null 2>&1; then
    exec "$python" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check \
        --constraint constraints.txt --editable "$what"
fi
echo "There is no pip here. Install one of the packages python3-venv, python3-pip or uv, then run this again." >&2
exit 1
