"""What is said of a rollout follows from its events."""

from __future__ import annotations

from typing import Any

from tests.e2e.upgrade.rollout import assess


def event(
    name: str, uid: str, *, kind: str = "MODIFIED", ready: bool = True, **metadata: Any
) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {
        "type": kind,
        "object": {
            "metadata": {"name": name, "uid": uid, **metadata},
            "status": {"conditions": conditions},
        },
    }


READY = [event("a-0", "a1", kind="ADDED"), event("b-0", "b1", kind="ADDED")]
A_LEAVES = event("a-0", "a1", deletionTimestamp="now")
A_COMES = [event("a-0", "a2", ready=False), event("a-0", "a2")]
B_LEAVES = event("b-0", "b1", deletionTimestamp="now")


def test_one_after_the_other() -> None:
    assert assess([*READY, A_LEAVES, *A_COMES, B_LEAVES]).most_away == 1


def test_the_second_before_the_first_is_back() -> None:
    assert assess([*READY, A_LEAVES, A_COMES[0], B_LEAVES, A_COMES[1]]).most_away == 2


def test_a_pod_that_was_ready_before_is_not_away_when_it_stumbles() -> None:
    assert assess([*READY, event("a-0", "a1", ready=False)]).most_away == 0


def test_the_end_of_a_container_is_kept() -> None:
    last = event("a-0", "a1", deletionTimestamp="now")
    ended = {"terminated": {"exitCode": 0}}
    last["object"]["status"]["containerStatuses"] = [{"state": ended}]
    gone = event("a-0", "a1", kind="DELETED")
    assert assess([*READY, last, gone]).ends == {"a1": {"exitCode": 0}}
