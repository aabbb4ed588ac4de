/**
 * Rules by path, such as `services.*.ports` -> rule. `*` stands for any key or list item, `[]` for a list item. Walking
 * the rules in step with a tree costs nothing per rule, however many there are.
 */
export interface PathRules<T> {
  readonly rule?: T
  readonly steps: ReadonlyMap<string, PathRules<T>>
}

interface Growing<T> {
  rule?: T
  steps: Map<string, Growing<T>>
}

export function pathRules<T>(table: Readonly<Record<string, T>>): PathRules<T> {
  const root: Growing<T> = { steps: new Map() }
  for (const [pattern, rule] of Object.entries(table)) {
    let at = root
    for (const step of pattern.split('.')) {
      let next = at.steps.get(step)
      if (!next) {
        next = { steps: new Map() }
        at.steps.set(step, next)
      }
      at = next
    }
    at.rule = rule
  }
  return root
}

/** The rules one step further down, if any apply there. */
export const stepInto = <T>(rules: PathRules<T> | undefined, step: string): PathRules<T> | undefined =>
  rules && (rules.steps.get(step) ?? rules.steps.get('*'))
