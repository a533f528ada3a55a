import { messageOf } from "@holdfast/kernel";
import { SaxesParser } from "saxes";
import { refuse } from "./fields.ts";

const depthMax = 32;
const attributesMax = 16;
const nameCharsMax = 1_024;
/** A registry of 20,000 instances has so many elements; a document of more is refused. */
const elementsMax = 1_000_000;
/** Element → its parent, where it may come several times. Metadata may have keys of these names. */
const lists: ReadonlyMap<string, string> = new Map([
  ["application", "applications"],
  ["instance", "application"],
]);

interface Open {
  readonly name: string;
  readonly fields: Map<string, unknown>;
  text: string;
}

/**
 * XML as maps: an element's children by name (`application` and `instance` as lists), attributes as `@name`, the text of
 * one that has attributes as `$`; a plain element is its text. Entities are not declared here: a DOCTYPE is refused.
 *
 * @returns the root's name and content.
 * @throws PlatformError `BODY_INVALID` for what is no XML, or larger in some way than it may be.
 */
export function parseXml(text: string): { readonly root: string; readonly value: unknown } {
  const parser = new SaxesParser({ position: false });
  const stack: Open[] = [];
  let done: { root: string; value: unknown } | undefined;
  let elements = 0;
  let failure: string | undefined;
  parser.on("doctype", () => refuse("body: has a DOCTYPE; entities are not read"));
  parser.on("opentag", ({ name, attributes }) => {
    elements += 1;
    if (elements > elementsMax) refuse(`body: has more than ${elementsMax} elements`);
    if (stack.length >= depthMax) refuse(`body: is nested deeper than ${depthMax}`);
    if (name.length > nameCharsMax) refuse(`body: has an element's name longer than ${nameCharsMax} characters`);
    const fields = new Map<string, unknown>();
    const names = Object.keys(attributes);
    if (names.length > attributesMax) refuse(`<${name.slice(0, 40)}>: has more than ${attributesMax} attributes`);
    for (const key of names) fields.set(`@${key}`, attributes[key]);
    stack.push({ name, fields, text: "" });
  });
  const addText = (more: string): void => {
    const top = stack.at(-1);
    if (top !== undefined) top.text += more;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const closed = stack.pop();
    if (closed === undefined) return;
    const value = valueOf(closed);
    const parent = stack.at(-1);
    if (parent === undefined) done = { root: closed.name, value };
    else put(parent, closed.name, value);
  });
  // saxes goes on after an error; what it makes of the rest is not believed.
  parser.on("error", (error) => {
    failure ??= messageOf(error);
  });
  parser.write(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text).close();
  if (failure !== undefined) return refuse(`body: is not XML (${failure.slice(0, 200)})`);
  return done ?? refuse("body: is not XML (it has no element)");
}

function valueOf({ fields, text }: Open): unknown {
  if (fields.size === 0) return text;
  if (text.trim() !== "") fields.set("$", text);
  return fields;
}

function put({ name: parent, fields }: Open, name: string, value: unknown): void {
  if (lists.get(name) !== parent) {
    fields.set(name, value);
    return;
  }
  const known = fields.get(name);
  if (Array.isArray(known)) known.push(value);
  else fields.set(name, [value]);
}
