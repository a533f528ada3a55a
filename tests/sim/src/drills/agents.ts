import { RegistryPaths } from "@holdfast/wire";
import type { Stage } from "../stage.ts";

/** An agent that ends an earlier start of an id, late, does not end the present one. */
export async function lateEnds(stage: Stage): Promise<void> {
  const { world } = stage;
  const first = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  await stage.run(8_000);
  const { incarnation } = first;
  first.kill();
  const second = stage.instance("x", "i-1", 1);
  await stage.run(4_000);
  const path = `${RegistryPaths.instance("x", "i-1")}?incarnation=${incarnation}&cause=exited`;
  const transport = world.transport(world.machine("agent", "z2").boot());
  for (const base of ["http://b", "http://c", "http://a"]) {
    void transport.call({ base, method: "DELETE", path, timeoutMs: 1_000 });
    await stage.run(1_000, () => stage.expectShown(`after ${incarnation} was ended at ${base}`, [second, other]));
  }
}

/** An earlier process that goes on renewing keeps nobody's lease alive but its own. */
export async function earlierRenewals(stage: Stage): Promise<void> {
  const { world } = stage;
  const owner = stage.instance("x", "i-1", 1);
  const other = stage.instance("x", "i-2", 1);
  await stage.run(8_000);
  const transport = world.transport(world.machine("agent", "z1").boot());
  const path = `${RegistryPaths.instance("x", "i-1")}/renew`;
  const body = JSON.stringify({ incarnation: owner.incarnation - 1_000, version: 7 });
  owner.kill();
  for (let i = 0; i < 13; i++) {
    for (const base of ["http://a", "http://b"])
      void transport.call({ base, method: "POST", path, body, timeoutMs: 900 });
    await stage.run(1_000);
  }
  stage.expectGone("13 s after it was killed, an earlier process renewing all the while", [owner]);
  stage.expectShown("then", [other]);
}

/** Seven hundred instances: what registries say to each other goes in portions, and all of it arrives. */
export async function crowd(stage: Stage): Promise<void> {
  const owners = Array.from({ length: 700 }, (_, i) => stage.instance(`x-${i % 9}`, `i-${i}`, i % 2 === 0 ? 1 : 3));
  await stage.run(7_000);
  const heal = stage.cutPeer("b");
  for (const owner of owners.slice(0, 340)) void owner.setStatus("DOWN");
  await stage.run(3_000);
  heal();
  await stage.run(3_500);
  stage.expectShown("3.5 s after the link healed", owners);
  const restart = stage.kill(stage.node("b"));
  await stage.run(300);
  restart();
  await stage.run(3_000);
  stage.expectShown("3 s after registry b restarted", owners);
  for (const { name, mostReplicas } of stage.nodes) {
    stage.expect(mostReplicas <= 450, `registry ${name} said ${mostReplicas} things in one call`, name);
  }
}
