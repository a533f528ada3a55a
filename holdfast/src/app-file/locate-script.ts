import { parseSync } from "rolldown/utils";
import { type KeyPath, type Locate, type Position, positionAt, startOfFile } from "./fault.ts";

/** As much of an ESTree node as is needed to follow a key path. */
interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly [field: string]: unknown;
}

export interface ScriptFault extends Position {
  readonly message: string;
}

/** All syntax faults of a TypeScript or JavaScript file. */
export function scriptSyntaxFaults(file: string, text: string): ScriptFault[] {
  return parseSync(file, text).errors.map((error) => ({
    ...positionAt(text, error.labels[0] === undefined ? 0 : lastStart(error.labels)),
    message: error.message,
  }));
}

/** The last label is where the parser stood; those before it say what was opened. */
function lastStart(labels: readonly { readonly start: number }[]): number {
  return labels.reduce((latest, label) => Math.max(latest, label.start), 0);
}

/** Follows key paths into the default export of a script: through `defineApp(…)`, `satisfies`, `as` and names of constants. */
export function scriptLocator(file: string, text: string): Locate {
  const program = parseSync(file, text).program as unknown as AstNode;
  const constants = topLevelConstants(program);
  const root = defaultExport(program, constants);
  return (path) => {
    if (root === undefined) return startOfFile;
    return positionAt(text, offsetOf(root, path, constants));
  };
}

function offsetOf(root: AstNode, path: KeyPath, constants: ReadonlyMap<string, AstNode>): number {
  let node: AstNode | undefined = root;
  let offset = root.start;
  for (const key of path) {
    const value: AstNode | undefined = node === undefined ? undefined : unwrap(node, constants);
    const found: { at: AstNode; value: AstNode } | undefined =
      value === undefined ? undefined : typeof key === "number" ? element(value, key) : property(value, key, constants);
    if (found === undefined) break;
    offset = found.at.start;
    node = found.value;
  }
  return offset;
}

function property(
  object: AstNode,
  key: string,
  constants: ReadonlyMap<string, AstNode>,
): { at: AstNode; value: AstNode } | undefined {
  if (object.type !== "ObjectExpression") return undefined;
  // The last one wins, as it does when the program runs.
  for (const entry of children(object, "properties").toReversed()) {
    if (entry.type === "SpreadElement") {
      const spread = child(entry, "argument");
      const found = spread === undefined ? undefined : property(unwrap(spread, constants), key, constants);
      if (found !== undefined) return found;
      continue;
    }
    const [name, value] = [child(entry, "key"), child(entry, "value")];
    if (name === undefined || value === undefined) continue;
    if (name["name"] === key || name["value"] === key) return { at: entry, value };
  }
  return undefined;
}

function element(array: AstNode, index: number): { at: AstNode; value: AstNode } | undefined {
  if (array.type !== "ArrayExpression") return undefined;
  const item = children(array, "elements")[index];
  return item === undefined ? undefined : { at: item, value: item };
}

/** Takes off everything that stands around the literal itself. */
function unwrap(node: AstNode, constants: ReadonlyMap<string, AstNode>, depth = 0): AstNode {
  if (depth > 20) return node;
  let inner: AstNode | undefined;
  if (node.type === "CallExpression") inner = children(node, "arguments")[0];
  else if (node.type === "Identifier") inner = constants.get(String(node["name"]));
  else if (node.type !== "ObjectExpression" && node.type !== "ArrayExpression") inner = child(node, "expression");
  return inner === undefined ? node : unwrap(inner, constants, depth + 1);
}

function topLevelConstants(program: AstNode): Map<string, AstNode> {
  const found = new Map<string, AstNode>();
  for (const statement of children(program, "body")) {
    const declaration = statement.type === "ExportNamedDeclaration" ? child(statement, "declaration") : statement;
    if (declaration?.type !== "VariableDeclaration") continue;
    for (const declarator of children(declaration, "declarations")) {
      const [id, init] = [child(declarator, "id"), child(declarator, "init")];
      if (id?.type === "Identifier" && init !== undefined) found.set(String(id["name"]), init);
    }
  }
  return found;
}

function defaultExport(program: AstNode, constants: ReadonlyMap<string, AstNode>): AstNode | undefined {
  for (const statement of children(program, "body")) {
    if (statement.type === "ExportDefaultDeclaration") {
      const declaration = child(statement, "declaration");
      return declaration === undefined ? undefined : unwrap(declaration, constants);
    }
    // module.exports = {…}
    const assignment = statement.type === "ExpressionStatement" ? child(statement, "expression") : undefined;
    if (assignment?.type !== "AssignmentExpression") continue;
    const [left, right] = [child(assignment, "left"), child(assignment, "right")];
    if (left?.type === "MemberExpression" && right !== undefined) return unwrap(right, constants);
  }
  return undefined;
}

function isNode(value: unknown): value is AstNode {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function child(node: AstNode, field: string): AstNode | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

function children(node: AstNode, field: string): AstNode[] {
  const value = node[field];
  return Array.isArray(value) ? value.filter(isNode) : [];
}
