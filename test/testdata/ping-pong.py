"""Round trips of small messages over one connection that stays open.

serve PORT             sends back what it gets
ask HOST PORT SECONDS  sends 100 bytes, waits for them, and so on; prints the number of round trips and
                       the median and 99th percentile of their times in microseconds
"""
import socket
import sys
import threading
import time

SIZE = 100


def receive(connection):
    left = SIZE
    while left > 0:
        got = connection.recv(left)
        if not got:
            return False
        left -= len(got)
    return True


def answer(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    while receive(connection):
        connection.sendall(b"x" * SIZE)


if sys.argv[1] == "serve":
    listener = socket.create_server(("", int(sys.argv[2])))
    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()
else:
    connection = socket.create_connection((sys.argv[2], int(sys.argv[3])), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    times = []
    end = time.perf_counter() + float(sys.argv[4])
    while time.perf_counter() < end:
        started = time.perf_counter_ns()
        connection.sendall(b"x" * SIZE)
        receive(connection)
        times.append((time.perf_counter_ns() - started) / 1000)
    times.sort()
    print(len(times), times[len(times) // 2], times[len(times) * 99 // 100])
