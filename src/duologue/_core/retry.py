"""Whether to ask again, and after how long."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from duologue.errors import APIError, DuologueError, EmptyResponse, QuotaExceededError

if TYPE_CHECKING:
    from collections.abc import Callable

    from duologue.config import RetryPolicy


def retry_delay(
    error: DuologueError,
    attempts: int,
    policy: RetryPolicy,
    draw: Callable[[], float] = random.random,
    *,
    said: bool | None = None,
) -> float | None:
    """The seconds to wait before asking again after `attempts` requests, or None to give up.

    What the provider asks for counts, unless it is more than `policy.max_delay`: then its error is the answer. `draw`
    gives a number from 0 to 1; `said` is what the provider says of asking again, which counts more than the status.
    """
    if not isinstance(error, APIError):
        said = None
    if attempts > policy.max_retries or not (_is_worth_it(error, policy) if said is None else said):
        return None
    if isinstance(error, EmptyResponse) and attempts > 1:  # no accident the second time
        return None
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is not None:
        return asked if asked <= policy.max_delay else None
    delay = min(policy.max_delay, policy.base_delay * policy.backoff_factor ** (attempts - 1))
    return delay * draw() if policy.jitter else delay


def _is_worth_it(error: DuologueError, policy: RetryPolicy) -> bool:
    if isinstance(error, QuotaExceededError):  # its status, 429, otherwise means that waiting helps
        return False
    if error.status_code is not None:
        return error.status_code in policy.retry_on_status
    return error.retryable and isinstance(error, policy.retry_on_error)
