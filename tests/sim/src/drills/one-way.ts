import type { Machine } from "../machine.ts";
import type { Stage } from "../stage.ts";

/** Registry `from` cannot open connections to registry `to`, but answers it. */
function noCalls(from: string, to: string): (a: Machine, b: Machine, isAnswer: boolean) => boolean {
  return (a, b, isAnswer) => !isAnswer && a.name === from && b.name === to;
}

/** A registry that a peer can no longer call takes the silence of that peer's instances for its own deafness. */
export async function uncalled(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 6 }, (_, i) => stage.instance("x", `i-${i}`, 3));
  await stage.run(12_000);
  const heal = stage.cut("c cannot call a and b", (a, b, isAnswer) => {
    return noCalls("c", "a")(a, b, isAnswer) || noCalls("c", "b")(a, b, isAnswer);
  });
  await stage.run(40_000, () => {
    for (const name of ["a", "b"] as const) {
      const shown = owners.filter((owner) => stage.shown(stage.node(name), owner) !== undefined).length;
      stage.expect(
        shown * 2 >= owners.length,
        `registry ${name} shows ${shown} of ${owners.length}, all of which live`,
        name,
      );
    }
  });
  heal();
  await stage.run(5_000);
  stage.expectShown("5 s after c can call again", owners);
}

/** Of two registries that exchange everything, who asks hears all it does not know, though the other cannot call it. */
export async function answers(stage: Stage): Promise<void> {
  const stays = stage.instance("x", "i-1", 3);
  const changes = stage.instance("x", "i-2", 3);
  const ends = stage.instance("x", "i-3", 3);
  const cancels = stage.instance("x", "i-4", 3, "eureka");
  const overridden = stage.instance("x", "i-5", 3);
  await stage.run(8_000);
  const restart = stage.kill(stage.node("b"));
  const heal = stage.cutPeer("a");
  const healCalls = stage.cut("c cannot call a", noCalls("c", "a"));
  await stage.run(500);
  void changes.setStatus("DOWN");
  void ends.stop();
  void cancels.stop();
  void stage.operator.say(overridden.identity, "OUT_OF_SERVICE", "c");
  const comes = stage.instance("x", "i-6", 3);
  await stage.run(1_500);
  heal();
  await stage.run(2_500);
  const [when, node] = ["2.5 s after a can call c", [stage.node("a")]] as const;
  stage.expectShown(when, [stays, changes, comes], undefined, node);
  stage.expectShown(when, [overridden], "OUT_OF_SERVICE", node);
  stage.expectGone(when, [ends, cancels], node);
  healCalls();
  restart();
  await stage.run(4_000);
  stage.expectShown("4 s after all are well", [stays, changes, comes]);
}

/** With wall clocks an hour apart: registries that never met order what Eureka's clients said before they did. */
export async function strangers(stage: Stage): Promise<void> {
  const { network } = stage.world;
  const restart = stage.kill(...stage.nodes);
  const skews = stage.nodes.map((node) => node.machine.skewMs);
  const ahead = stage.nodes[skews.indexOf(Math.max(...skews))] ?? stage.node("a");
  const behind = stage.nodes[skews.indexOf(Math.min(...skews))] ?? stage.node("b");
  const isOfTwo = (machine: Machine): boolean => machine === behind.machine;
  const heal = stage.cut("the registry that is behind has never met the others", (from, to) => {
    const arePeers = stage.world.nodes.has(from.name) && stage.world.nodes.has(to.name);
    return arePeers && (isOfTwo(from) || isOfTwo(to));
  });
  restart();
  const owner = stage.instance("x", "i-1", 1, "eureka");
  const cancels = stage.instance("x", "i-2", 1, "eureka");
  const overridden = stage.instance("x", "i-3", 1, "eureka");
  const hosts = [owner, cancels, overridden].map(({ machine }) => machine);
  const only = (name: string) => (from: Machine, to: Machine) => {
    const isOther = (machine: Machine): boolean => stage.world.nodes.has(machine.name) && machine.name !== name;
    return (hosts.includes(from) && isOther(to)) || (hosts.includes(to) && isOther(from));
  };
  const first = { what: "i-1 speaks to the one that is ahead", hits: only(ahead.name) };
  network.cut(first);
  await stage.run(4_000);
  void stage.operator.say(overridden.identity, "OUT_OF_SERVICE", ahead.name);
  await stage.run(2_000);
  network.heal(first);
  network.cut({ what: "i-1 speaks to the one that is behind", hits: only(behind.name) });
  void owner.setStatus("DOWN");
  await stage.run(6_000);
  void stage.operator.say(overridden.identity, "DOWN", behind.name);
  void cancels.stop();
  await stage.run(1_000);
  heal();
  await stage.run(3_500);
  const when = "after the two have met";
  stage.expectShown(when, [owner]);
  stage.expectShown(when, [overridden], "DOWN");
  stage.expectGone(when, [cancels]);
}
