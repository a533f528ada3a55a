import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  answerToJson,
  answerToProtobuf,
  type OtlpAttribute,
  type OtlpSpan,
  type OtlpTraces,
  OtlpUnfitError,
  type OtlpValue,
  otlpLimits,
  rejectedInAnswer,
  tracesFromJson,
  tracesFromProtobuf,
  tracesToJson,
  tracesToProtobuf,
} from "@holdfast/wire/otlp";
import fc from "fast-check";

/** 300 in `npm test`; more in the bench profile: `HOLDFAST_FUZZ_CASES=100000`. */
const numRuns = Number(process.env["HOLDFAST_FUZZ_CASES"] ?? 300);
const seed = Number(process.env["HOLDFAST_FUZZ_SEED"] ?? 20_261_123);

/** `examples/trace.json` of opentelemetry-proto (Apache-2.0). */
const example = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my.service"}}]},
"scopeSpans":[{"scope":{"name":"my.library","version":"1.0.0","attributes":[{"key":"my.scope.attribute","value":{"stringValue":"some scope attribute"}}]},
"spans":[{"traceId":"5B8EFFF798038103D269B633813FC60C","spanId":"EEE19B7EC3C1B174","parentSpanId":"EEE19B7EC3C1B173","name":"I'm a server span",
"startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000","kind":2,"attributes":[{"key":"my.span.attr","value":{"stringValue":"some value"}}]}]}]}]}`;

const span: OtlpSpan = {
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "eee19b7ec3c1b174",
  parentSpanId: "",
  traceState: "",
  name: "s",
  kind: 2,
  startTimeUnixNano: 1_544_712_660_000_000_000n,
  endTimeUnixNano: 1_544_712_661_000_000_000n,
  attributes: [],
  droppedAttributesCount: 0,
  events: [],
  droppedEventsCount: 0,
  links: [],
  droppedLinksCount: 0,
  status: { code: 0, message: "" },
  flags: 0,
};

function tracesOf(spans: readonly OtlpSpan[]): OtlpTraces {
  const scope = { name: "", version: "", attributes: [] };
  return {
    resourceSpans: [{ resource: { attributes: [] }, scopeSpans: [{ scope, spans, schemaUrl: "" }], schemaUrl: "" }],
  };
}

function firstSpan(traces: OtlpTraces): OtlpSpan {
  const found = traces.resourceSpans[0]?.scopeSpans[0]?.spans[0];
  assert.ok(found !== undefined);
  return found;
}

function withValue(value: OtlpValue): OtlpTraces {
  return tracesOf([{ ...span, attributes: [{ key: "k", value }] }]);
}

/** A list in a list in a list … */
function nested(depth: number): OtlpValue {
  let value: OtlpValue = "deep";
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe("OTLP", () => {
  test("OpenTelemetry's own example is read, and the same from protobuf", () => {
    const traces = tracesFromJson(example);
    const read = firstSpan(traces);
    assert.equal(read.traceId, "5b8efff798038103d269b633813fc60c");
    assert.equal(read.parentSpanId, "eee19b7ec3c1b173");
    assert.equal(read.name, "I'm a server span");
    assert.equal(read.startTimeUnixNano, 1_544_712_660_000_000_000n);
    assert.deepEqual(read.attributes, [{ key: "my.span.attr", value: "some value" }]);
    assert.equal(traces.resourceSpans[0]?.scopeSpans[0]?.scope.name, "my.library");
    assert.deepEqual(tracesFromProtobuf(tracesToProtobuf(traces)), traces);
    assert.deepEqual(tracesFromJson(tracesToJson(traces)), traces);
  });

  test("protobuf has the bytes of trace.proto", () => {
    // By hand from trace.proto: tag, length, value of each field that is not its default.
    const spanFields = `0a10${span.traceId}1208${span.spanId}2a01733002390054b3ffea006f1541001e4e3beb006f15`.replaceAll(
      " ",
      "",
    );
    const bytes = spanFields.length / 2;
    const scopeSpans = `0a0012${bytes.toString(16).padStart(2, "0")}${spanFields}`;
    const resourceSpans = `0a0012${(scopeSpans.length / 2).toString(16).padStart(2, "0")}${scopeSpans}`;
    const message = `0a${(resourceSpans.length / 2).toString(16).padStart(2, "0")}${resourceSpans}`;
    const start = Buffer.alloc(8);
    start.writeBigUInt64LE(span.startTimeUnixNano);
    const end = Buffer.alloc(8);
    end.writeBigUInt64LE(span.endTimeUnixNano);
    const expected = message
      .replace("0054b3ffea006f15", start.toString("hex"))
      .replace("001e4e3beb006f15", end.toString("hex"));
    assert.equal(Buffer.from(tracesToProtobuf(tracesOf([span]))).toString("hex"), expected);
  });

  test("an attribute has the bytes of common.proto", () => {
    const hexOf = (value: OtlpValue): string => {
      const all = Buffer.from(tracesToProtobuf(withValue(value))).toString("hex");
      return all.slice(all.indexOf("0a016b12") + 8);
    };
    assert.equal(hexOf("v"), "030a0176");
    assert.equal(hexOf(""), "020a00");
    assert.equal(hexOf(false), "021000");
    assert.equal(hexOf(300), "0318ac02");
    assert.equal(hexOf(-1), "0b18ffffffffffffffffff01");
    assert.equal(hexOf(0.5), "0921000000000000e03f");
    assert.equal(hexOf(["v", 1]), "0b2a090a030a01760a021801");
    assert.equal(hexOf({ keyValues: [{ key: "a", value: true }] }), "0b32090a070a016112021001");
    assert.equal(hexOf(new Uint8Array([1, 255])), "043a0201ff");
    assert.equal(hexOf(null), "00");
  });

  test("unknown fields, groups and known fields of another type are skipped", () => {
    const known = Buffer.from(tracesToProtobuf(tracesOf([span]))).toString("hex");
    // Field 99 as a varint, field 98 as a group with a varint inside, field 1 as fixed32.
    const strange = `980601${"93069806019406"}0d01020304`;
    assert.deepEqual(tracesFromProtobuf(Buffer.from(strange + known + strange, "hex")), tracesOf([span]));
    assert.deepEqual(
      tracesFromJson('{"what":[1],"resourceSpans":[{"later":{},"scopeSpans":[{"spans":[]}]}]}'),
      tracesOf([]),
    );
  });

  test("more attributes and events than fit are dropped and counted; more spans are refused", () => {
    const attributes: OtlpAttribute[] = Array.from({ length: 130 }, (_, i) => ({ key: `k${i}`, value: i }));
    const events = Array.from({ length: 129 }, () => ({
      timeUnixNano: 1n,
      name: "e",
      attributes: [],
      droppedAttributesCount: 0,
    }));
    const traces = tracesOf([{ ...span, attributes, events, droppedEventsCount: 5 }]);
    for (const read of [tracesFromProtobuf(tracesToProtobuf(traces)), tracesFromJson(tracesToJson(traces))]) {
      const { attributes: kept, droppedAttributesCount, events: happened, droppedEventsCount } = firstSpan(read);
      assert.deepEqual([kept.length, droppedAttributesCount, happened.length, droppedEventsCount], [128, 2, 128, 6]);
    }
    const two = tracesOf([span, span]);
    const limits = { ...otlpLimits, spans: 1 };
    assert.throws(() => tracesFromProtobuf(tracesToProtobuf(two), limits), {
      code: "OTLP_MALFORMED",
      message: /more than 1 spans/,
    });
    assert.throws(() => tracesFromJson(tracesToJson(two), limits), { code: "OTLP_MALFORMED" });
  });

  test("values that lie too deep in each other are refused", () => {
    const fits = withValue(nested(8));
    assert.deepEqual(tracesFromProtobuf(tracesToProtobuf(fits)), fits);
    assert.deepEqual(tracesFromJson(tracesToJson(fits)), fits);
    for (const depth of [9, 1_000]) {
      const message = withValue(nested(depth));
      assert.throws(() => tracesFromProtobuf(tracesToProtobuf(message)), { code: "OTLP_MALFORMED", message: /deeper/ });
      assert.throws(() => tracesFromJson(tracesToJson(message)), { code: "OTLP_MALFORMED", message: /deeper/ });
    }
  });

  for (const text of ["", "[]", "null", "{", '{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}']) {
    test(`JSON ${text} is refused`, () =>
      assert.throws(() => tracesFromJson(text), { code: "OTLP_MALFORMED", status: 400 }));
  }

  test("a time that is none is refused, not taken for 1970", () => {
    for (const time of ['"yesterday"', "1.5", "-1", '"-1"', "true"]) {
      const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"startTimeUnixNano":${time}}]}]}]}`;
      assert.throws(() => tracesFromJson(text), { code: "OTLP_MALFORMED", message: /nanoseconds/ });
    }
  });

  test("what a receiver did not take is read from its answer", () => {
    const answer = { rejectedSpans: 3, errorMessage: "too old" };
    assert.equal(rejectedInAnswer(answerToProtobuf(answer), "application/x-protobuf"), 3);
    assert.equal(rejectedInAnswer(Buffer.from(answerToJson(answer)), "application/json; charset=utf-8"), 3);
    const all = { rejectedSpans: 0, errorMessage: "" };
    assert.equal(answerToProtobuf(all).length, 0);
    assert.equal(answerToJson(all), "{}");
    for (const body of ["", "{}", "null", "[]", "nonsense", '{"partialSuccess":{"rejectedSpans":"x"}}']) {
      assert.equal(rejectedInAnswer(Buffer.from(body), "application/json"), 0);
      assert.equal(rejectedInAnswer(Buffer.from(body), "application/x-protobuf"), 0);
    }
  });
});

describe("OTLP, any message", () => {
  const hexId = (bytes: number) =>
    fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString("hex"));
  const nanos = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const count = fc.nat(1_000);
  const { value } = fc.letrec<{ value: OtlpValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.string({ unit: "grapheme" }),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 54n) }),
      fc.double({ noNaN: true }),
      fc.uint8Array({ maxLength: 8 }).map((bytes) => new Uint8Array(bytes)),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc
        .array(fc.record({ key: fc.string(), value: tie("value") }), { maxLength: 3 })
        .map((keyValues) => ({ keyValues })),
    ),
  }));
  const attributes = fc.array(fc.record({ key: fc.string(), value }), { maxLength: 4 });
  const common = { attributes, droppedAttributesCount: count };
  const anySpan: fc.Arbitrary<OtlpSpan> = fc.record({
    ...common,
    traceId: hexId(16),
    spanId: hexId(8),
    parentSpanId: fc.oneof(fc.constant(""), hexId(8)),
    traceState: fc.string(),
    name: fc.string({ unit: "grapheme" }),
    kind: fc.nat(5),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    events: fc.array(fc.record({ ...common, timeUnixNano: nanos, name: fc.string() }), { maxLength: 3 }),
    droppedEventsCount: count,
    links: fc.array(
      fc.record({ ...common, traceId: hexId(16), spanId: hexId(8), traceState: fc.string(), flags: fc.nat(3) }),
      { maxLength: 2 },
    ),
    droppedLinksCount: count,
    status: fc.record({ code: fc.nat(2), message: fc.string() }),
    flags: fc.nat(0xffff),
  });
  const anyTraces: fc.Arbitrary<OtlpTraces> = fc.record({
    resourceSpans: fc.array(
      fc.record({
        resource: fc.record({ attributes }),
        scopeSpans: fc.array(
          fc.record({
            scope: fc.record({ name: fc.string(), version: fc.string(), attributes }),
            spans: fc.array(anySpan, { maxLength: 3 }),
            schemaUrl: fc.string(),
          }),
          { maxLength: 2 },
        ),
        schemaUrl: fc.string(),
      }),
      { maxLength: 2 },
    ),
  });

  test("is the same after protobuf and after JSON", () => {
    fc.assert(
      fc.property(anyTraces, (made) => {
        // Without the null prototypes that fast-check makes.
        const traces = structuredClone(made);
        assert.deepEqual(tracesFromProtobuf(tracesToProtobuf(traces)), traces);
        assert.deepEqual(tracesFromJson(tracesToJson(traces)), traces);
      }),
      { numRuns, seed },
    );
  });

  const readsOrRefuses = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      assert.ok(error instanceof OtlpUnfitError, String(error));
      assert.ok(error.message.length < 200);
    }
  };

  test("cut, with bytes changed, or of random bytes: read or refused, never anything else", () => {
    fc.assert(
      fc.property(
        anyTraces,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
        fc.nat(),
        (traces, changes, cut) => {
          const bytes = tracesToProtobuf(traces);
          for (const [at, byte] of changes) if (bytes.length > 0) bytes[at % bytes.length] = byte;
          readsOrRefuses(() => tracesFromProtobuf(bytes));
          readsOrRefuses(() => tracesFromProtobuf(bytes.subarray(0, cut % (bytes.length + 1))));
          const text = tracesToJson(traces);
          readsOrRefuses(() => tracesFromJson(text.slice(0, cut % (text.length + 1))));
        },
      ),
      { numRuns, seed },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => readsOrRefuses(() => tracesFromProtobuf(bytes))),
      { numRuns: numRuns * 5, seed },
    );
  });

  test("JSON of any shape: read or refused, never anything else", () => {
    const names = [
      "resourceSpans",
      "scopeSpans",
      "spans",
      "resource",
      "attributes",
      "value",
      "arrayValue",
      "values",
      "intValue",
      "events",
      "status",
    ];
    const { any } = fc.letrec<{ any: unknown }>((tie) => ({
      any: fc.oneof(
        { maxDepth: 6 },
        fc.jsonValue({ maxDepth: 1 }),
        fc.array(tie("any"), { maxLength: 3 }),
        fc.dictionary(fc.constantFrom(...names), tie("any"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(any, (shape) => readsOrRefuses(() => tracesFromJson(JSON.stringify({ resourceSpans: shape })))),
      { numRuns, seed },
    );
  });
});
