"""What must hold over the whole of the program, tested once."""

from __future__ import annotations

import ast
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from pms import schema
from pms.config import ROOT
from pms.core.db import db

PACKAGE = ROOT / "pms"
TEMPLATES = ROOT / "templates"
TESTS = ROOT / "tests"


def _loaded_by(module: str) -> set[str]:
    code = f"import sys, {module}; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return {name.split(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize(
    "module",
    [
        "pms.protocol.card",
        "pms.protocol.frame",
        "pms.devices.port",
        "pms.devices.drivers.machine",
        "pms.agent.program",
        "pms.simulators.lock",
    ],
)
def test_protocol_and_devices_load_without_the_web_and_the_database(module):
    assert not _loaded_by(module) & {"flask", "sqlalchemy", "wtforms", "apscheduler"}


def test_the_protocol_loads_without_pyserial():
    assert "serial" not in _loaded_by("pms.protocol.encoder_line")


def test_migrations_import_nothing_of_the_program():
    for path in (ROOT / "migrations").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not [n for n in names if n.split(".")[0] == "pms"], f"{path.name} imports the program"


def test_models_and_migrations_agree(any_app):
    assert schema.differences(db.engine) == []


def test_migrations_run_down_and_up_again(app):
    schema.downgrade(db.engine)
    schema.upgrade(db.engine)
    assert schema.is_current(db.engine)


def test_every_template_is_used():
    environment = Environment(extensions=["jinja2.ext.i18n"])
    named: set[str] = set()
    for path in TEMPLATES.rglob("*.html"):
        tree = environment.parse(path.read_text(encoding="utf-8"))
        for node in tree.find_all((nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)):
            named |= {c.value for c in node.template.find_all(nodes.Const)} | (
                {node.template.value} if isinstance(node.template, nodes.Const) else set()
            )
    source = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    named |= set(re.findall(r"[\"']([\w/-]+\.html)[\"']", source))
    unused = {str(p.relative_to(TEMPLATES)) for p in TEMPLATES.rglob("*.html")} - named
    assert not unused


def test_no_template_brings_a_script_or_style_of_its_own():
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        for pattern in (
            r"<script(?![^>]*\bsrc=)",
            r"<style",
            r"\sstyle=",
            r"\son[a-z]+=",
            r"hx-on",
            r"js:",
            r"hx-trigger=\"[^\"]*\[",
        ):
            assert not re.search(pattern, text), f"{path.name}: {pattern}"


def test_vendored_files_are_the_ones_whose_checksums_were_written_down():
    folder = ROOT / "static" / "vendor"
    notes = (folder / "README.md").read_text(encoding="utf-8")
    files = [path for path in folder.iterdir() if path.name != "README.md"]
    assert files
    for path in files:
        assert hashlib.sha256(path.read_bytes()).hexdigest() in notes, path.name


def test_every_setting_is_in_the_readme():
    source = (PACKAGE / "config.py").read_text()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in sorted(set(re.findall(r"PMS_[A-Z_]+", source))):
        assert f"`{name}`" in readme, name


def test_every_command_is_in_the_readme():
    from pms.cli import main

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for name in main.commands:
        assert f"pms {name}" in readme, name


def test_no_address_of_a_package_registry_is_committed():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True, cwd=ROOT).stdout.split(
        "\n"
    )
    hosts = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js.org")
    for name in filter(None, listed):
        path = ROOT / name
        if path.suffix in (".py", ".toml", ".txt", ".md", ".html", ".js", ".css", ".yml", "") and path.is_file():
            text = path.read_text(encoding="utf-8", errors="ignore")
            assert not [host for host in hosts if host in text], name


def test_every_function_in_a_test_file_is_a_test_a_fixture_or_used():
    for path in TESTS.rglob("test_*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        text = path.read_text(encoding="utf-8")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_"):
                is_fixture = any("fixture" in ast.unparse(d) for d in node.decorator_list)
                assert is_fixture or len(re.findall(rf"\b{node.name}\b", text)) > 1, f"{path.name}: {node.name}"


def test_every_refusal_of_the_domain_is_raised_in_some_test():
    """A refusal that no test has seen may say nonsense, or never come."""
    classes = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                isinstance(s, ast.Assign) and getattr(s.targets[0], "id", "") == "message" for s in node.body
            ):
                classes.add(node.name)
    named: set[str] = set()
    for path in TESTS.rglob("*.py"):
        if path != Path(__file__):
            named.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    assert not classes - named - {"DomainError"}


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_key_files_are_readable_by_their_owner_only(tmp_path):
    from pms.config import load_settings

    first = load_settings(tmp_path, environment="test")
    assert load_settings(tmp_path, environment="test").master_key == first.master_key
    for name in ("master.key", "secret.key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert first.master_key.hex() not in repr(first)
