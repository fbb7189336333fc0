"""Ask for an answer that is an object, watch it grow, and get an instance of a class; or hear what is wrong with it.

python examples/structured_output.py [PROVIDER]
"""

import sys
from typing import Annotated

import attrs

from duologue import Client, OutputValidationError


@attrs.frozen
class Trip:
    """A trip to a city."""

    city: Annotated[str, "the city's name"]
    days: Annotated[int, "how many days it takes"]
    by_train: bool = True


def main(provider: str) -> None:
    with Client(provider) as client:
        stream = client.stream("Plan a trip to Rome for 3 days.", response_format=Trip, max_tokens=60, temperature=0)
        for partial in stream.partials():
            print(partial)
        trip = stream.result().parsed
        print(f"{trip.days} days in {trip.city}")

        try:  # an answer that is wrong is asked for again; one that is cut is not
            client.chat("Plan a trip to Oslo.", response_format=Trip, reask=1, max_tokens=5, temperature=0)
        except OutputValidationError as error:
            print(f"No trip ({error.reason}): {error.text}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
