import type { PathRules } from './path-rules.ts'
import { stepInto } from './path-rules.ts'
import type { Node } from './yaml/node.ts'

/**
 * Puts another value in the place of one.
 * @param path steps to the value, list items as `[]`; made only when asked for
 * @returns the value to put there; undefined takes the value away
 */
export type Transform<C> = (node: Node, context: C, path: () => readonly string[]) => Node | undefined

/**
 * Applies transforms by path. A value that has a transform is not looked into any further, unless the transform is in
 * `deep`: then its result is.
 */
export function transform<C>(
  root: Node,
  rules: PathRules<Transform<C>>,
  context: C,
  deep?: ReadonlySet<Transform<C>>,
): void {
  new Walk(context, deep).children(root, rules)
}

class Walk<C> {
  readonly #context: C
  readonly #deep: ReadonlySet<Transform<C>> | undefined
  readonly #path: string[] = []

  constructor(context: C, deep: ReadonlySet<Transform<C>> | undefined) {
    this.#context = context
    this.#deep = deep
  }

  children(node: Node, rules: PathRules<Transform<C>>): void {
    if (node.kind === 'map') {
      for (const [key, value] of node.entries) {
        const next = stepInto(rules, key)
        if (!next) continue
        this.#path.push(key)
        const result = this.#value(value, next)
        this.#path.pop()
        if (result === undefined) node.entries.delete(key)
        else if (result !== value) node.entries.set(key, result)
      }
    } else if (node.kind === 'seq') {
      const next = stepInto(rules, '[]')
      if (!next) return
      this.#path.push('[]')
      node.items = node.items.map(item => this.#value(item, next) ?? item)
      this.#path.pop()
    }
  }

  #value(node: Node, rules: PathRules<Transform<C>>): Node | undefined {
    const rule = rules.rule
    const result = rule ? rule(node, this.#context, () => this.#path) : node
    if (result && (!rule || this.#deep?.has(rule))) this.children(result, rules)
    return result
  }
}
