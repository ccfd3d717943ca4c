"""The exceptions of FlowProbe. What the product under test does wrong is never one of them: that is a finding.

    FlowProbeError                 exit 4 where nothing better is known
    ├── InvalidInput               exit 2: a file or an option is wrong; carries every problem at once
    ├── Refused                    exit 5: a guard of the environment said no before the first call of a journey
    ├── EnvironmentBroken          exit 3: the product or a stand-in could not be started or reached
    └── ToolFailed                 exit 3: a part of ours (the proxy, a journal) failed; nothing can be judged
        ├── NotAdmitted            a proxy does not take what we show it, or we not what it shows; exit 2 for commands
        └── CannotListen           an address that was asked for cannot be had; exit 2 where a command named it
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CannotListen", "EnvironmentBroken", "FlowProbeError", "InvalidInput", "NotAdmitted", "Problem", "Refused",
           "ToolFailed"]


class FlowProbeError(Exception):
    """Something on our side of the line went wrong: the message says what, and what to do next."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in one input, with the place and the way out.

    `line` and `column` count from 1; 0 means that the mistake is not in one line (a missing file).
    `id` is the stable name of the message, `found` what is there, `instead` what to write.
    """

    id: str
    file: str
    line: int
    column: int
    found: str
    instead: str = ""
    source: str = ""
    width: int = 1

    @property
    def place(self) -> str:
        file = self.file if self.file.isprintable() else "".join(map(_shown, self.file))
        return f"{file}:{self.line}:{self.column}" if self.line else file

    def render(self, lead: str = "") -> str:
        """The message as a person reads it: the place, `lead` and the sentence, the line with a caret."""
        lines = [f"{self.place}: {lead}{self.found}"]
        if self.source and self.line:
            gutter = f"{self.line:>5} | "
            caret = " " * (len(gutter) - 2) + "| " + " " * (self.column - 1) + "^" * max(1, self.width)
            lines += [gutter + self.source, caret + (f" {self.instead}" if self.instead else "")]
        elif self.instead:
            lines.append(f"      {self.instead}")
        return "\n".join(lines)


def _shown(character: str) -> str:
    """What a terminal would act on is escaped."""
    return character if character.isprintable() else f"\\x{ord(character):02x}"


class InvalidInput(FlowProbeError):
    """One or more inputs are wrong; `problems` holds every one of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problem.render() for problem in problems))


class Refused(FlowProbeError):
    """A guard said no before the first call of a journey; `sent` says what left all the same."""

    def __init__(self, message: str, *, sent: str = "nothing was sent") -> None:
        self.sent = sent
        super().__init__(message)


class EnvironmentBroken(FlowProbeError):
    """The product or one of its stand-ins could not be started, or is not there."""


class ToolFailed(FlowProbeError):
    """A part of FlowProbe itself failed, so that nothing can be judged."""


class CannotListen(ToolFailed):
    """An address that was asked for cannot be had; `instead` is what to do about it."""

    def __init__(self, message: str, instead: str = "") -> None:
        self.instead = instead
        super().__init__(message)


class NotAdmitted(ToolFailed):
    """A proxy that somebody else started refuses the key that we have, or shows that it is another one's."""
