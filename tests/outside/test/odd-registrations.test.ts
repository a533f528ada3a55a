import assert from "node:assert/strict";
import { test } from "node:test";
import { SystemClock, silentLog, systemRandom } from "@holdfast/kernel";
import { startRegistry } from "@holdfast/registry-server";
import { waitFor } from "@holdfast/testing";
import { javaClient } from "../src/clients.ts";
import { fetched } from "../src/fetched.ts";

const part = fetched("java");
const skip = typeof part === "string" ? part : false;

const plain = "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo";
const amazon = "com.netflix.appinfo.AmazonInfo";
const tooMuch = 99_999_999_999;

/** What clients not written by Netflix say, or might. With its answer. */
const odd: readonly (readonly [more: object, status: 204 | 400])[] = [
  [{}, 204],
  [{ dataCenterInfo: { "@class": plain, name: "MyOwn", metadata: {} } }, 204],
  [{ dataCenterInfo: { "@class": plain, name: "MyOwn", metadata: { a: "b" } } }, 204],
  [{ dataCenterInfo: { "@class": "com.acme.Center", name: "MyOwn" } }, 204],
  [{ dataCenterInfo: { "@class": plain, name: "Elsewhere" } }, 400],
  [{ dataCenterInfo: { "@class": plain, name: "Netflix" } }, 204],
  [{ dataCenterInfo: { "@class": plain, name: "Amazon", metadata: { "instance-id": "i-1" } } }, 204],
  [{ dataCenterInfo: { "@class": amazon, name: "MyOwn", metadata: { "instance-id": "i-1" } } }, 204],
  [{ dataCenterInfo: { "@class": amazon, name: "Amazon" } }, 204],
  [{ dataCenterInfo: { "@class": amazon, name: "Amazon", metadata: { "odd-key": "x" } } }, 204],
  [{ status: "SLEEPING", overriddenStatus: "SLEEPING", actionType: "ODD" }, 204],
  [{ status: null, sid: "", asgName: "", appGroupName: "", homePageUrl: "" }, 204],
  [{ countryId: tooMuch }, 400],
  [{ countryId: 1.5, lastDirtyTimestamp: 1.5, port: { $: 1.5, "@enabled": "true" } }, 204],
  [{ port: { $: 70_000, "@enabled": "true" } }, 400],
  [{ securePort: { $: 0, "@enabled": "perhaps" } }, 204],
  [{ leaseInfo: { renewalIntervalInSecs: tooMuch, durationInSecs: 90 } }, 400],
  [{ leaseInfo: { renewalIntervalInSecs: 1.5, durationInSecs: 90.5 } }, 204],
  [{ leaseInfo: { evictionTimestamp: 1e30 } }, 400],
  [{ isCoordinatingDiscoveryServer: "perhaps" }, 204],
  [{ vipAddress: "a\u0001b", hostName: "\ud800" }, 204],
  [{ metadata: { a: "x\u0000y", b: "\ud800", "a b<c>": "1", "1x": "2", "c\u0001": "3", "@class": "x", "": "4" } }, 204],
];
const codecs = ["JacksonJson", "XStreamJson", "LegacyJacksonJson", "JacksonXml", "XStreamXml", "JacksonXmlMini"];

/** What cannot be read by one of them keeps every Java client from seeing anybody. */
test("whatever is registered, each of Netflix's codecs can read every document, or it is refused", {
  skip,
}, async () => {
  const settings = { name: "a", peers: [] };
  const running = await startRegistry(new SystemClock(), systemRandom(), silentLog, settings);
  const java = javaClient({ registry: `${running.url}/eureka`, app: "odd", id: "java-1", port: 9_003 });
  try {
    await waitFor("the client", () => java.sees["ODD"], { timeoutMs: 40_000 });
    for (const [i, [more, status]] of odd.entries()) {
      const what = JSON.stringify(more);
      const own = { instanceId: `odd-${i}`, hostName: "h", app: "ODD", ipAddr: "127.0.0.1", status: "UP" };
      const rest = { dataCenterInfo: { "@class": plain, name: "MyOwn" }, vipAddress: "odd" };
      const answer = await fetch(`${running.url}/eureka/apps/ODD`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ instance: { ...own, ...rest, ...more } }),
      });
      assert.equal(answer.status, status, what);
      if (status !== 204) continue;
      for (const codec of codecs) {
        const { failed, app } = (await java.ask(`read-as ${codec}`)) as { failed?: string; app?: object };
        assert.equal(failed, undefined, `${codec}: ${what}`);
        assert.ok(app !== undefined && Object.hasOwn(app, own.instanceId), `${codec} finds ${what}`);
      }
      for (const codec of ["JacksonJson", "XStreamXml"]) {
        const { failed } = (await java.ask(`read-as ${codec} compact`)) as { failed?: string };
        assert.equal(failed, undefined, `${codec}, compact: ${what}`);
      }
      running.registry.cancel("odd", own.instanceId, "test");
    }
  } finally {
    await java.close();
    await running.close();
  }
});
