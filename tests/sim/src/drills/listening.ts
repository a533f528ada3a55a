import type { Stage } from "../stage.ts";

const single = ["http://a"] as const;

/** A stream that breaks and is resumed has missed nothing, whatever happened in between, and whoever was told before. */
export async function resuming(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 4 }, (_, i) => stage.instance("x", `i-${i}`, 1));
  const listener = stage.listener("l-1", 1, single);
  await stage.run(8_000);
  for (const [i, owner] of owners.entries()) {
    for (const stream of stage.world.network.streams) stream.reset();
    void owner.setStatus("DOWN");
    // From none to several changes while it is away.
    for (const other of owners.slice(0, i)) void other.setStatus(i % 2 === 0 ? "UP" : "DOWN");
    await stage.run(2_500);
    stage.expectSeen("after its stream broke", listener, "x", owners);
  }
}

/** A registry that restarts is not taken for the one it was: what its listeners knew is told to them anew. */
export async function newLife(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 4 }, (_, i) => stage.instance("x", `i-${i}`, 1));
  await stage.run(1_000);
  const listener = stage.listener("l-1", 1, single);
  await stage.run(7_000);
  listener.machine.stop("stop");
  const release = stage.scene.calm.disturb("registry a restarts while listener l-1 stands still");
  const restart = stage.kill(stage.node("a"));
  void owners[0]?.stop();
  const more = Array.from({ length: 8 }, (_, i) => stage.instance("x", `i-${i + 10}`, 2));
  await stage.run(2_000);
  restart();
  await stage.run(8_000);
  listener.machine.resume();
  release();
  await stage.run(15_000);
  stage.expectSeen("15 s after it went on", listener, "x", [...owners.slice(1), ...more]);
}

/** A registry that restarts while it cannot hear its peers takes nobody away from those who listen to it. */
export async function restartedAlone(stage: Stage): Promise<void> {
  const far = Array.from({ length: 4 }, (_, i) => stage.instance("x", `i-${i}`, 2));
  const near = stage.instance("y", "i-9", 1);
  const listener = stage.listener("l-1", 1);
  await stage.run(15_000);
  const heal = stage.cutPeer("a");
  const restart = stage.kill(stage.node("a"));
  await stage.run(200);
  restart();
  await stage.run(45_000, () => stage.expectSeen("while registry a is alone", listener, "x", far));
  heal();
  const [gone, ...others] = far;
  gone?.kill();
  await stage.run(30_000);
  stage.expectSeen("30 s after the link healed", listener, "x", others);
  stage.expectSeen("30 s after the link healed", listener, "y", [near]);
}

/** One goes and another comes while a registry restarts: as many as before are not the same as before. */
export async function swap(stage: Stage): Promise<void> {
  const [stays, goes] = [stage.instance("x", "i-1", 1), stage.instance("x", "i-2", 1)];
  const listener = stage.listener("l-1", 1, single);
  await stage.run(15_000);
  listener.machine.stop("stop");
  const release = stage.scene.calm.disturb("registry a restarts while listener l-1 stands still");
  const restart = stage.kill(stage.node("a"));
  void goes.stop();
  const comes = stage.instance("x", "i-3", 2);
  await stage.run(500);
  restart();
  await stage.run(14_000);
  listener.machine.resume();
  release();
  await stage.run(6_000);
  stage.expectSeen("6 s after it went on", listener, "x", [stays, comes]);
}

/** A registry that is to end sends its listeners away before it does. */
export async function draining(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  const listener = stage.listener("l-1", 1);
  await stage.run(8_000);
  stage.scene.calm.shock();
  stage.node("a").life?.server.drain();
  await stage.run(500);
  const { state } = listener.discovery;
  const isAway = state.kind === "live" && state.registry !== "http://a";
  stage.expect(isAway, "listener l-1 is still at registry a, which is about to end", "l-1");
  void owner.setStatus("DOWN");
  await stage.run(1_000);
  stage.expectSeen("while registry a is about to end", listener, "x", [owner, other]);
}

/** Who had to go to another zone's registry goes back to its own when that answers again. */
export async function homecoming(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const listener = stage.listener("l-1", 1);
  await stage.run(8_000);
  const restart = stage.kill(stage.node("a"));
  await stage.run(8_000);
  const { state: away } = listener.discovery;
  stage.expect(away.kind === "live" && away.registry === "http://b", "listener l-1 is not at registry b", "l-1");
  restart();
  await stage.run(45_000);
  const { state } = listener.discovery;
  stage.expect(state.kind === "live" && state.registry === "http://a", "listener l-1 has not gone home", "l-1");
  const via = stage.node("a").registry?.why("x", "i-1").lease?.via;
  stage.expect(via === "instance", `x/i-1 has not gone home, but renews at ${via}`, owner.identity.key);
}

/** When all registries restart at once nobody who calls others loses anybody. */
export async function allRestart(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 8 }, (_, i) => {
    return stage.instance("x", `i-${i}`, i % 2 === 0 ? 1 : 2, i === 7 ? "eureka" : "native");
  });
  const listeners = [stage.listener("l-1", 1), stage.listener("l-2", 2), stage.listener("l-3", 3)];
  await stage.run(15_000);
  for (const ms of [300, 1_700, 5_000]) {
    const restart = stage.kill(...stage.nodes);
    await stage.run(ms);
    restart();
    await stage.run(20_000, () => {
      for (const listener of listeners) stage.expectSeen("after all registries restarted", listener, "x", owners);
    });
    stage.expectShown("20 s after all registries restarted", owners);
  }
}

/** Who listens to a registry that hangs, or is cut off without a word, goes on with the next. */
export async function deafness(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 2);
  const other = stage.instance("x", "i-2", 2);
  const [stopped, cut] = [stage.listener("l-1", 1), stage.listener("l-3", 3)];
  await stage.run(12_000);
  const release = stage.scene.calm.disturb("registry a hangs");
  stage.node("a").machine.stop("stop");
  const heal = stage.cut("l-3 cannot be reached from c", (from, to) => from.name === "c" && to.name === "l-3");
  await stage.run(3_000);
  void owner.setStatus("DOWN");
  await stage.run(11_000);
  for (const listener of [stopped, cut]) {
    stage.expectSeen("14 s after its registry fell silent", listener, "x", [owner, other]);
    stage.expect(listener.discovery.state.kind === "live", `listener ${listener.name} is not live`, listener.name);
  }
  stage.node("a").machine.resume();
  heal();
  release();
}

/** A change of status that was waited for has been seen by everybody who listens, at every registry. */
export async function seen(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  const listeners = [stage.listener("l-1", 1), stage.listener("l-2", 2), stage.listener("l-3", 3)];
  await stage.run(8_000);
  // Nobody waits for this one.
  void other.setStatus("DOWN");
  await stage.run(300);
  stage.expectShown("0.3 s after it said so", [owner, other]);
  for (const listener of listeners) stage.expectSeen("0.3 s after it said so", listener, "x", [owner, other]);
  for (const status of ["OUT_OF_SERVICE", "UP", "DOWN"] as const) {
    let isAnswered = false;
    void owner.setStatus(status, 2_000).then((answer) => {
      isAnswered = true;
      const { listeners: count, seen: saw, complete } = answer;
      const said = `${saw} of ${count}, ${complete ? "complete" : "not complete"}`;
      stage.expect(complete && count === 3 && saw === 3, `${status} was seen by ${said}`, owner.identity.key);
      for (const listener of listeners) stage.expectSeen(`when ${status} was seen`, listener, "x", [owner, other]);
    });
    await stage.run(1_000);
    stage.expect(isAnswered, `${status} was not answered within a second`, owner.identity.key);
  }
}
