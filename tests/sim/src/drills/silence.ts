import type { Owner } from "../owner.ts";
import type { Stage } from "../stage.ts";

function several(stage: Stage, app: string, count: number, zone: 1 | 2 | 3): Owner[] {
  return Array.from({ length: count }, (_, i) => stage.instance(app, `${app}-${i}`, zone));
}

/** A registry that hears none of its peers keeps whom it knew through them. */
export async function isolation(stage: Stage): Promise<void> {
  const far = [...several(stage, "x", 5, 2), ...several(stage, "y", 1, 3)];
  const near = several(stage, "z", 2, 1);
  const [dies] = several(stage, "d", 1, 1);
  await stage.run(12_000);
  const heal = stage.cutPeer("a");
  const here = [stage.node("a")];
  await stage.run(15_000, () => stage.expectShown("in isolation", [...far, ...near], undefined, here));
  dies?.kill();
  await stage.run(13_000, () => stage.expectShown("in isolation", [...far, ...near], undefined, here));
  // Whom it heard itself it can hear still: that one is dead.
  stage.expectGone("13 s after it was killed, in isolation", dies === undefined ? [] : [dies], here);
  await stage.run(15_000, () => stage.expectShown("in isolation", [...far, ...near], undefined, here));
  heal();
  await stage.run(20_000, () => stage.expectShown("afterwards", [...far, ...near], undefined, [stage.node("a")]));
}

/** With one of two peers unheard, a registry keeps whom it knew through it: those it cannot hear may all be there. */
export async function massSilence(stage: Stage): Promise<void> {
  const apps = [3, 4, 5, 6, 8].map((size) => several(stage, `x${size}`, size, 3));
  await stage.run(12_000);
  const heal = stage.cutPeer("c");
  await stage.run(40_000, () => {
    for (const [name, app] of (["a", "b"] as const).flatMap((each) => apps.map((app) => [each, app] as const))) {
      const shown = app.filter((owner) => stage.shown(stage.node(name), owner) !== undefined).length;
      stage.expect(shown === app.length, `registry ${name} shows ${shown} of ${app.length}, all of which live`, name);
    }
  });
  heal();
  await stage.run(4_000);
  stage.expectShown("4 s after the link healed", apps.flat());
}

/** Instances that went to a registry which cannot be heard are not all let go by those they left. */
export async function movedAway(stage: Stage): Promise<void> {
  const apps = [3, 4, 6, 9].map((size) => several(stage, `x${size}`, size, 1));
  const hosts = new Set(apps.flat().map((owner) => owner.machine));
  await stage.run(12_000);
  const heal = stage.cutPeer("c");
  const healHosts = stage.cut("the instances reach no registry but c", (from, to) => {
    const isLeft = (name: string): boolean => name === "a" || name === "b";
    return (hosts.has(from) && isLeft(to.name)) || (hosts.has(to) && isLeft(from.name));
  });
  await stage.run(40_000, () => {
    for (const [name, app] of (["a", "b"] as const).flatMap((each) => apps.map((app) => [each, app] as const))) {
      const shown = app.filter((owner) => stage.shown(stage.node(name), owner) !== undefined).length;
      stage.expect(
        shown * 2 >= app.length,
        `registry ${name} shows ${shown} of ${app.length}, all of which live`,
        name,
      );
    }
  });
  heal();
  healHosts();
  await stage.run(6_000);
  stage.expectShown("6 s after the links healed", apps.flat());
}

/** A registry that stood still forgives everybody the time it could not hear them. */
export async function standstill(stage: Stage): Promise<void> {
  const owners = [...several(stage, "x", 4, 1), ...several(stage, "y", 2, 2)];
  const node = stage.node("a");
  await stage.run(12_000);
  for (const ms of [4_000, 9_500, 30_000]) {
    const release = stage.scene.calm.disturb("registry a stands still");
    node.machine.stop("stop");
    await stage.run(ms);
    node.machine.resume();
    release();
    await stage.run(9_000, () => stage.expectShown("after its standstill", owners, undefined, [node]));
  }
}

/** Who is frozen is gone after a lease, and there again, as the same one, with the first heartbeat after. */
export async function frozen(stage: Stage): Promise<void> {
  const owner = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  await stage.run(12_000);
  const { incarnation } = owner;
  owner.freeze("stop");
  await stage.run(12_500);
  stage.expectGone("12.5 s after it froze", [owner]);
  owner.wake();
  await stage.run(4_000);
  stage.expectShown("4 s after it thawed", [owner, other]);
  const shown = stage.shown(stage.node("c"), owner);
  stage.expect(shown?.incarnation === incarnation, "it has come back as another one", owner.identity.key);
}

/** An instance that has lost its registry goes on with another at its next heartbeat: nobody loses it. */
export async function failingOver(stage: Stage): Promise<void> {
  const owners = [...several(stage, "x", 4, 1), stage.instance("x", "e-1", 1, "eureka")];
  await stage.run(12_000);
  const others = [stage.node("b"), stage.node("c")];
  const restart = stage.kill(stage.node("a"));
  await stage.run(30_000, () => stage.expectShown("without registry a", owners, undefined, others));
  restart();
  await stage.run(3_000);
  const release = stage.scene.calm.disturb("registry a hangs");
  stage.node("a").machine.stop("stop");
  await stage.run(30_000, () => stage.expectShown("while registry a hangs", owners, undefined, others));
  stage.node("a").machine.resume();
  release();
}
