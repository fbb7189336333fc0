"""What an event costs, side by side with plain httpx and with other clients: `make bench`. See docs/performance.md.

With `DUOLOGUE_JSON=stdlib` in the environment duologue has nothing to read JSON with but the standard library, as in an
installation without extras, whatever lies in this one.
"""

import os
import sys

if os.environ.get("DUOLOGUE_JSON") == "stdlib":
    # None there is an import that fails.
    sys.modules.update(dict.fromkeys(("msgspec", "orjson")))  # type: ignore[arg-type]
