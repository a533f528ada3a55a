import { OptionError } from "@holdfast/kernel";
import type { Component } from "./component.ts";

/**
 * Components so that each comes after all it depends on.
 *
 * @throws OptionError naming the path of a name that is unknown, empty or taken, or the way round of a circle.
 */
export function inStartOrder(components: readonly Component[]): readonly Component[] {
  const byName = new Map<string, Component>();
  for (const [i, component] of components.entries()) {
    const path = `components[${i}].name`;
    if (component.name === "") throw new OptionError(path, "a name", component.name);
    if (byName.has(component.name)) throw new OptionError(path, "unique", component.name);
    byName.set(component.name, component);
  }
  const order: Component[] = [];
  const done = new Set<string>();
  const visit = (component: Component, way: readonly string[]): void => {
    if (done.has(component.name)) return;
    const i = components.indexOf(component);
    if (way.includes(component.name)) {
      const circle = [...way.slice(way.indexOf(component.name)), component.name].join(" → ");
      throw new OptionError(`components[${i}].dependsOn`, "free of circles", circle);
    }
    for (const [k, name] of (component.dependsOn ?? []).entries()) {
      const other = byName.get(name);
      if (other === undefined)
        throw new OptionError(`components[${i}].dependsOn[${k}]`, `one of ${[...byName.keys()].join(", ")}`, name);
      visit(other, [...way, component.name]);
    }
    done.add(component.name);
    order.push(component);
  };
  for (const component of components) visit(component, []);
  return order;
}
