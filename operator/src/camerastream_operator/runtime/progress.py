"""Is the operator alive, and is it of use? Pure: ages in, sentences out.

An operator whose process lives but whose watch or queue stands still is worse than one
that crashed: nobody restarts it. So progress is what is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass

OLDEST_WORK_SECONDS = 180.0
STANDBY_SECONDS = 60.0
MISSED_RESYNCS = 3
_LONGEST_RETRY_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far things have come.

    Attributes:
        leading: This replica does the work.
        synced: Everything was listed once.
        oldest_work_seconds: For how long the oldest camera has waited or been worked on.
        heard_seconds: Since when nothing came from the API server: no event, no list.
        resync_seconds: How often everything is listed.
        candidate_seconds: Since when a replica that waits has not seen the Lease.
    """

    leading: bool
    synced: bool
    oldest_work_seconds: float
    heard_seconds: float
    resync_seconds: float
    candidate_seconds: float


def not_live(progress: Progress) -> str | None:
    """Return why the operator should be restarted; None when it should not."""
    if not progress.leading:
        # Waiting is its work; without an API server a restart would not help it.
        return None
    if progress.oldest_work_seconds > OLDEST_WORK_SECONDS:
        return f"a camera has waited for {progress.oldest_work_seconds:.0f} s"
    silence = MISSED_RESYNCS * progress.resync_seconds
    if progress.heard_seconds > silence:
        return f"nothing was heard of the API server for {progress.heard_seconds:.0f} s"
    return None


def not_ready(progress: Progress) -> str | None:
    """Return why the operator is of no use at present; None when it is."""
    if not progress.leading:
        if progress.candidate_seconds > STANDBY_SECONDS:
            return f"the Lease was not seen for {progress.candidate_seconds:.0f} s"
        return None
    if not progress.synced:
        return "CameraStreams have not been listed yet"
    return not_live(progress)


def retry_pauses(seconds: float) -> list[float]:
    """Return pauses between tries of what fails, doubling at first, as long as that altogether.

    Example:
        >>> retry_pauses(20)
        [1.0, 2.0, 4.0, 8.0, 5.0]
    """
    pauses: list[float] = []
    pause = 1.0
    while (left := seconds - sum(pauses)) > 0:
        pauses.append(min(pause, left))
        pause = min(2 * pause, _LONGEST_RETRY_PAUSE_SECONDS)
    return pauses
