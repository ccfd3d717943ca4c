from flowprobe.report.build import build_of

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_REPOSITORY": "acme/shop", "GITHUB_SHA": "a1b2", "GITHUB_REF_NAME": "main",
          "GITHUB_WORKFLOW": "nightly", "GITHUB_RUN_ID": "77", "GITHUB_SERVER_URL": "https://github.example"}


def test_outside_ci_nothing_is_known() -> None:
    assert build_of({"GITHUB_SHA": "a1b2", "CI_COMMIT_SHA": "c3"}) == {}


def test_github_says_what_and_where() -> None:
    assert build_of(GITHUB) == {
        "repositoryName": "acme/shop", "commit": "a1b2", "branchName": "main", "buildName": "nightly", "buildId": "77",
        "buildUrl": "https://github.example/acme/shop/actions/runs/77"}


def test_what_is_not_set_is_left_out() -> None:
    assert build_of({"GITHUB_ACTIONS": "true", "GITHUB_SHA": "a1b2", "GITHUB_REF_NAME": ""}) == {"commit": "a1b2"}


def test_gitlab_says_it_in_its_own_words() -> None:
    assert build_of({"GITLAB_CI": "true", "CI_COMMIT_SHA": "c3", "CI_JOB_URL": "https://gitlab.example/j/1"}) == {
        "commit": "c3", "buildUrl": "https://gitlab.example/j/1"}
