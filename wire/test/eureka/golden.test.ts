import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  decodeApplications,
  decodeInstance,
  type EurekaFormat,
  type EurekaShape,
  encodeApplications,
  encodeInstance,
} from "@holdfast/wire/eureka";

const codecs = [
  { name: "LegacyJacksonJson", format: "json", shape: "full" },
  { name: "XStreamXml", format: "xml", shape: "full" },
  { name: "JacksonJsonMini", format: "json", shape: "compact" },
  { name: "JacksonXmlMini", format: "xml", shape: "compact" },
] as const satisfies readonly { name: string; format: EurekaFormat; shape: EurekaShape }[];

function golden(codec: { name: string; format: EurekaFormat }, what: string): string {
  return readFileSync(join(import.meta.dirname, "golden", `${codec.name}.${what}.${codec.format}`), "utf8");
}

for (const codec of codecs) {
  const { format, shape } = codec;

  for (const what of ["instance-aws", "instance-myown-overridden"]) {
    test(`${codec.name}.${what} is written byte for byte as it was read`, () => {
      const text = golden(codec, what);
      assert.equal(encodeInstance(decodeInstance(text, format), format, shape), text);
    });
  }

  for (const what of ["applications", "applications-empty"]) {
    test(`${codec.name}.${what} is written byte for byte as it was read`, () => {
      const text = golden(codec, what);
      assert.equal(encodeApplications(decodeApplications(text, format), format, shape), text);
    });
  }
}

test("JSON and XML of the reference say the same", () => {
  const [json, xml] = codecs;
  for (const what of ["instance-aws", "instance-myown-overridden"]) {
    assert.deepEqual(decodeInstance(golden(xml, what), "xml"), decodeInstance(golden(json, what), "json"));
  }
  assert.deepEqual(
    decodeApplications(golden(xml, "applications"), "xml"),
    decodeApplications(golden(json, "applications"), "json"),
  );
});

test("compact is what full is made into", () => {
  const [json, xml, compactJson, compactXml] = codecs;
  const all = decodeApplications(golden(json, "applications"), "json");
  assert.equal(encodeApplications(all, "json", "compact"), golden(compactJson, "applications"));
  assert.equal(encodeApplications(all, "xml", "compact"), golden(compactXml, "applications"));
  assert.equal(encodeApplications(all, "xml", "full"), golden(xml, "applications"));
});
