"""``--sweep-audit-seed``: which points are audited."""

from __future__ import annotations

import pytest

from plugin_project import STUDY, Project


def test_the_seed_chooses(project: Project) -> None:
    """The same seed chooses the same points again, another one may choose others."""
    project.write(STUDY.replace("[1, 2, 3]", "range(20)"))
    project.run()
    project.computed()
    samples = []
    for seed in ("0", "0", "1"):
        project.run("--sweep-audit=20%", f"--sweep-audit-seed={seed}").assert_outcomes(passed=20)
        samples.append(project.computed())
    assert len(samples[0]) == 4
    assert samples[0] == samples[1] != samples[2]
    project.run("--sweep-audit=20%")
    assert project.computed() == samples[0]


@pytest.mark.parametrize("text", ["1", "a word"])
def test_the_ini_name(project: Project, text: str) -> None:
    """The ini name says what the option says; any text is a seed."""
    project.write(STUDY.replace("[1, 2, 3]", "range(20)"))
    project.run()
    project.computed()
    project.run("--sweep-audit=5", f"--sweep-audit-seed={text}")
    chosen = project.computed()
    ini = project.path / "pyproject.toml"
    ini.write_text(f'[tool.pytest.ini_options]\nsweep_audit_seed = "{text}"\n')
    project.run("--sweep-audit=5")
    assert project.computed() == chosen
