"""Put on PYTHONPATH, it lets a process of Parley believe that it is ten minutes later."""

import copyreg
import datetime
import sys
import time
from typing import Any

AHEAD = 600.0

_time, _time_ns = time.time, time.time_ns
_Datetime: Any = datetime.datetime


class _Ahead(type(_Datetime)):  # type: ignore[misc]
    """Lets real times pass for ones of the class below."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _Datetime)


class Datetime(_Datetime, metaclass=_Ahead):  # type: ignore[misc]
    __slots__ = ()  # libraries in C look at its size

    def __new__(cls, *values: Any, **named: Any) -> Any:
        return _Datetime(*values, **named)

    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return _Datetime.now(tz) + datetime.timedelta(seconds=AHEAD)

    @classmethod
    def utcnow(cls) -> Any:
        return _Datetime.now(datetime.UTC).replace(tzinfo=None) + datetime.timedelta(seconds=AHEAD)


Datetime.__name__ = Datetime.__qualname__ = "datetime"
Datetime.__module__ = "datetime"
copyreg.pickle(_Datetime, lambda moment: (Datetime, moment.__reduce__()[1]))
time.time = lambda: _time() + AHEAD
time.time_ns = lambda: _time_ns() + int(AHEAD * 1e9)
datetime.datetime = Datetime  # type: ignore[misc]
print('{"event": "the clock is ahead", "level": "info"}', file=sys.stderr, flush=True)
