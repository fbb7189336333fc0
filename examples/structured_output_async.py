"""Ask for an answer that is an object, watch it grow, and get an instance of a class, or hear what is wrong with it,
with the async client.

python examples/structured_output_async.py [PROVIDER]
"""

import asyncio
import sys
from typing import Annotated

import attrs

from duologue import AsyncClient, OutputValidationError


@attrs.frozen
class Trip:
    """A trip to a city."""

    city: Annotated[str, "the city's name"]
    days: Annotated[int, "how many days it takes"]
    by_train: bool = True


async def main(provider: str) -> None:
    async with AsyncClient(provider) as client:
        stream = client.stream("Plan a trip to Rome for 3 days.", response_format=Trip, max_tokens=60, temperature=0)
        async for partial in stream.partials():
            print(partial)
        trip = (await stream.result()).parsed
        print(f"{trip.days} days in {trip.city}")

        try:  # an answer that is wrong is asked for again; one that is cut is not
            await client.chat("Plan a trip to Oslo.", response_format=Trip, reask=1, max_tokens=5, temperature=0)
        except OutputValidationError as error:
            print(f"No trip ({error.reason}): {error.text}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "local"))
