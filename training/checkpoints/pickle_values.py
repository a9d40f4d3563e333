"""Read the values of a pickle without running code, in time and memory bounded by its length.

`torch.load(weights_only=True)` restricts the classes, but few bytes can still keep it busy for ever
or fill the memory. Here numbers, texts, tuples, lists and dicts are built. Any class or function is
`Unbuilt`, and so is what it would make, except for what `call` builds.
"""

import pickletools
from collections.abc import Callable
from typing import IO, Any

OPERATIONS = 1_000_000  # of a pickle; a checkpoint has some thousand
DEPTH = 50  # of tuples, lists and dicts in one another
VALUES = 2  # for each operation; a value in two places counts twice, as it does for any reader
SMALL = 1 << 31  # larger integers can be chosen with equal hashes, for a dict that takes for ever


class UnreadableFile(ValueError):
    """A file that no program writes, or one that would take more time or memory than it may."""


class Unbuilt:
    """A class, function or object of the dotted `name` that is not built."""

    def __init__(self, name: str) -> None:
        self.name = name


# the value of a call, from the dotted name of the function and its arguments
Call = Callable[[str, tuple[Any, ...]], Any]


class PickleReader:
    """A stack machine of the operations in pickles of `torch.save`.

    `call` evaluates calls of functions, `persistent` the ids of storages.
    """

    def __init__(
        self, *, call: Call, persistent: Callable[[Any], Any], operations: int = OPERATIONS
    ) -> None:
        self.call = call
        self.persistent = persistent
        self.operations = operations  # the most that are applied
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []  # the stacks below the marks
        self.memo: dict[int, Any] = {}

    def read(self, file: IO[bytes]) -> Any:
        """Read one pickle; raise ValueError where it is none, or one made to do harm."""
        for number, (operation, argument, _) in enumerate(pickletools.genops(file)):
            if number == self.operations:
                raise UnreadableFile(f"its pickle has more than {number:,} operations")
            try:
                self.apply(operation.name, argument)
            except (IndexError, KeyError) as error:  # of the stack and the memo
                raise UnreadableFile("its pickle is damaged") from error
        if len(self.stack) != 1 or self.below:
            raise UnreadableFile("its pickle is damaged")
        if count_values(self.stack[0], {}) > VALUES * self.operations:
            raise UnreadableFile(
                f"its pickle stands for more than {VALUES * self.operations:,} values"
            )
        return self.stack[0]

    def apply(self, operation: str, argument: Any) -> None:
        """Apply one operation that pushes or keeps a value, or any other."""
        match operation:
            case "PROTO" | "FRAME" | "STOP":
                pass
            case "BININT" | "BININT1" | "BININT2" | "LONG1" | "BINFLOAT":
                self.stack.append(argument)
            case "BINUNICODE" | "SHORT_BINUNICODE" | "BINSTRING" | "SHORT_BINSTRING":
                self.stack.append(argument)
            case "BINBYTES" | "SHORT_BINBYTES":
                self.stack.append(argument)
            case "NONE":
                self.stack.append(None)
            case "NEWTRUE" | "NEWFALSE":
                self.stack.append(operation == "NEWTRUE")
            case "EMPTY_TUPLE" | "EMPTY_LIST" | "EMPTY_DICT":
                self.stack.append({"TUPLE": (), "LIST": [], "DICT": {}}[operation[6:]])
            case "EMPTY_SET":  # its values would be hashed
                self.stack.append(Unbuilt("set"))
            case "GLOBAL":
                self.stack.append(Unbuilt(argument.replace(" ", ".")))
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = self.stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = self.stack[-1]
            case "BINGET" | "LONG_BINGET":
                self.stack.append(self.memo[argument])
            case "MARK":
                self.below.append(self.stack)
                self.stack = []
            case _:
                self.combine(operation)

    def combine(self, operation: str) -> None:
        """Apply one operation that makes a value of others, or fills one."""
        match operation:
            case "TUPLE":
                self.push(tuple(self.pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                self.push(tuple(self.pop(int(operation[-1]))))
            case "APPEND" | "SETITEM":
                self.fill(self.pop(1 if operation == "APPEND" else 2), kind=operation)
            case "APPENDS" | "SETITEMS" | "ADDITEMS":
                self.fill(self.pop_to_mark(), kind=operation)
            case "STACK_GLOBAL":
                self.push(Unbuilt(".".join(map(str, self.pop(2)))))
            case "REDUCE" | "NEWOBJ":
                self.push(self.evaluate(*self.pop(2)))
            case "NEWOBJ_EX":
                self.push(self.evaluate(*self.pop(3)[:2]))
            case "BUILD":  # attributes, of which weights have none
                self.pop(1)
            case "BINPERSID":
                self.push(self.persistent(self.stack.pop()))
            case _:
                raise UnreadableFile(f"its pickle has an operation {operation}")

    def push(self, value: Any) -> None:
        """Put a value onto the stack as it is after the arguments were removed."""
        self.stack.append(value)

    def pop(self, number: int) -> list[Any]:
        """Remove the last values."""
        if len(self.stack) < number:
            raise IndexError
        values = self.stack[-number:]
        del self.stack[-number:]
        return values

    def pop_to_mark(self) -> list[Any]:
        """Remove the values since the last mark."""
        values, self.stack = self.stack, self.below.pop()
        return values

    def fill(self, values: list[Any], *, kind: str) -> None:
        """Add values to the last list, or keys and values to the last dict."""
        target = self.stack[-1]
        if isinstance(target, list) and kind.startswith("APPEND"):
            target.extend(values)
        elif isinstance(target, dict) and kind.startswith("SETITEM"):
            target.update(zip(map(as_key, values[::2]), values[1::2], strict=True))
        elif not isinstance(target, Unbuilt):
            raise UnreadableFile("its pickle is damaged")

    def evaluate(self, function: Any, arguments: Any) -> Any:
        """Evaluate a call."""
        if not isinstance(function, Unbuilt) or not isinstance(arguments, tuple):
            raise UnreadableFile("its pickle is damaged")
        if function.name == "collections.OrderedDict":  # Python 2 wrote its entries as pairs
            return {as_key(key): value for pairs in arguments for key, value in pairs}
        return self.call(function.name, arguments)


def as_key(value: Any) -> Any:
    """Return the key of a dict; an `Unbuilt` in place of one whose hash may never end."""
    if isinstance(value, str) or value is None or (isinstance(value, int) and abs(value) < SMALL):
        return value
    return value if isinstance(value, Unbuilt) else Unbuilt(type(value).__name__)


def count_values(value: Any, counted: dict[int, int], depth: int = 0) -> int:
    """Count values as often as they occur; raise UnreadableFile where that never ends."""
    if depth > DEPTH:
        raise UnreadableFile("its pickle is nested too deeply")
    if not isinstance(value, (tuple, list, dict)):
        return 1
    if id(value) not in counted:
        parts = value.values() if isinstance(value, dict) else value
        counted[id(value)] = 1 + sum(count_values(part, counted, depth + 1) for part in parts)
    return counted[id(value)]
