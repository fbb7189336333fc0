"""Send a text file and images, and see what is refused: what is not what it says, what a provider does not take, and an
address that leads into this machine.

python examples/attachments.py [PROVIDER]
"""

import io
import sys

from duologue import Client, FetchError, FileContent, ImageContent, Message, UnsupportedError

GIF = b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"


def main(provider: str) -> None:
    notes = FileContent.from_file(
        io.BytesIO(b"The river Tiber flows through Rome."), "text/plain", filename="notes.txt"
    )
    try:
        ImageContent.from_bytes(GIF, "image/png")
    except ValueError as error:
        print(f"No attachment: {error}")

    with Client(provider) as client:
        try:
            image = client.fetch(ImageContent.from_url("https://127.0.0.1/cat.png"))
        except FetchError as error:
            print(f"Not fetched: {error}")
            image = ImageContent.from_bytes(GIF)
        try:
            answer = client.chat(Message.user(["What is this?", image]), max_tokens=20)
            print(answer.text)
        except UnsupportedError as error:
            print(f"Refused: {error}")
        answer = client.chat(Message.user(["Which river is named here?", notes]), max_tokens=20, temperature=0)
        print(f"Answer: {answer.text}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "local")
