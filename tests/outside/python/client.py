"""An unmodified py-eureka-client as a process: see src/outside-process.ts for what it says and hears."""

import asyncio
import json
import logging
import os
import sys
import threading
import time

import py_eureka_client.eureka_client as eureka_client
import py_eureka_client.http_client as http_client
from py_eureka_client.logger import set_level

set_level("WARNING")
logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
writing = threading.Lock()


def say(line):
    with writing:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


class Watched(http_client.HttpClient):
    """
    Knows when it was last in use. The client's lock belongs to one event loop, but its heartbeats run in another than
    its callers: who calls it while a heartbeat is under way waits for ever, and who leaves between two is safe.
    """

    busy = 0
    ended = 0.0

    async def urlopen(self, *args, **kwargs):
        self.busy += 1
        try:
            return await super().urlopen(*args, **kwargs)
        finally:
            self.busy -= 1
            self.ended = time.monotonic()

    def wait_for_quiet(self):
        end = time.monotonic() + 4
        while time.monotonic() < end:
            if self.busy == 0 and 0.15 < time.monotonic() - self.ended < 0.5:
                return
            time.sleep(0.01)


def view(client):
    return {
        app.name.upper(): sorted(one.instanceId for one in app.up_instances)
        for app in client.applications.applications
        if app.up_instances
    }


def watch(client):
    last = None
    while True:
        try:
            seen = view(client)
            if seen != last:
                say({"sees": seen})
                last = seen
        except Exception as error:  # its view is being replaced
            sys.stderr.write(f"{error}\n")
        time.sleep(0.1)


def main():
    env = os.environ
    watched = Watched()
    http_client.set_http_client(watched)
    client = eureka_client.init(
        eureka_server=env["OUTSIDE_REGISTRY"] + "/",
        app_name=env["OUTSIDE_APP"],
        instance_id=env["OUTSIDE_ID"],
        instance_host="127.0.0.1",
        instance_ip="127.0.0.1",
        instance_port=int(env["OUTSIDE_PORT"]),
        renewal_interval_in_secs=1,
        duration_in_secs=4,
        metadata={"written-in": "Python"},
        on_error=lambda kind, error: sys.stderr.write(f"{kind}: {error}\n"),
    )
    threading.Thread(target=watch, args=(client,), daemon=True).start()
    loop = asyncio.new_event_loop()
    for command in sys.stdin:
        words = command.split()
        watched.wait_for_quiet()
        if words[0] == "status":
            loop.run_until_complete(client.status_update(words[1]))
            say({"answer": words[1]})
        elif words[0] == "drop-override":
            loop.run_until_complete(client.delete_status_override())
            say({"answer": "dropped"})
    watched.wait_for_quiet()
    eureka_client.stop()
    os._exit(0)


main()
