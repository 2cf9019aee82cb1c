"""A worker that misbehaves as its argument says; run as a script by test_window_end."""

import os
import sys
import time

from console.channel import codec
from console.channel.frames import pack_frame, read_frame
from console.channel.messages import (
    Close,
    GroupChanged,
    Notice,
    Open,
    OperationChanged,
    Ping,
    Pong,
    Ready,
    SetAttention,
    StopGroup,
    Submit,
    ToWindow,
)
from console.model.freshness import Fault, FaultCode
from console.model.operation import GroupRecord, OperationRecord, OperationState


def say(message: ToWindow) -> None:
    sys.stdout.buffer.write(pack_frame(codec.encode(message)))
    sys.stdout.buffer.flush()


def heard(text: str) -> None:
    say(Notice(Fault(FaultCode.REJECTED, text)))


def main(mode: str, marks: str) -> None:
    runs = len(os.listdir(marks))
    with open(os.path.join(marks, f"run-{runs}-{os.getpid()}"), "w", encoding="ascii"):
        pass
    is_first = runs == 0
    print("hello from the log", file=sys.stderr, flush=True)
    if mode == "dies at start":
        sys.exit(3)
    while (payload := read_frame(sys.stdin.buffer)) is not None:
        message = codec.decode_for_worker(payload)
        match message:
            case Open(secrets=secrets):
                say(Ready(os.getpid()))
                heard(f"open with {len(secrets)} secrets, argv {len(sys.argv)}")
                if mode == "freezes" and is_first:
                    time.sleep(60)
                if mode == "garbage" and is_first:
                    sys.stdout.buffer.write(b"Warning: something was printed\n")
                    sys.stdout.buffer.flush()
            case Submit(operation_id=name, request=request):
                heard(f"submit {name}")
                if not (mode == "deaf to submits" and is_first):
                    say(
                        OperationChanged(
                            OperationRecord(name, request, "t", OperationState.QUEUED, 1.0)
                        )
                    )
            case StopGroup(group_id=name):
                heard(f"stop {name}")
                if not is_first:
                    say(GroupChanged(GroupRecord(name, "t", 1.0, stop_requested=True)))
            case SetAttention(is_visible=visible):
                heard(f"attention {visible}")
            case Ping(number=number):
                say(Pong(number))
            case Close():
                heard("close")
                if mode != "stays":
                    return
                time.sleep(60)
            case _:
                pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
