"""What a CI service says of the build that a run is part of, in its variables."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["build_of"]

_GITHUB = {"repositoryName": "GITHUB_REPOSITORY", "commit": "GITHUB_SHA", "branchName": "GITHUB_REF_NAME",
           "buildName": "GITHUB_WORKFLOW", "buildId": "GITHUB_RUN_ID"}
_GITLAB = {"repositoryName": "CI_PROJECT_PATH", "commit": "CI_COMMIT_SHA", "branchName": "CI_COMMIT_REF_NAME",
           "buildName": "CI_JOB_NAME", "buildId": "CI_PIPELINE_ID", "buildUrl": "CI_JOB_URL"}


def build_of(environ: Mapping[str, str]) -> dict[str, str]:
    """By the names that CTRF has for it; empty outside GitHub Actions and GitLab."""
    known = _GITHUB if environ.get("GITHUB_ACTIONS") == "true" else _GITLAB if environ.get("GITLAB_CI") else {}
    found = {name: environ[variable] for name, variable in known.items() if environ.get(variable)}
    if known is _GITHUB and {"repositoryName", "buildId"} <= set(found) and environ.get("GITHUB_SERVER_URL"):
        page = f"{found['repositoryName']}/actions/runs/{found['buildId']}"
        found["buildUrl"] = f"{environ['GITHUB_SERVER_URL']}/{page}"
    return found
