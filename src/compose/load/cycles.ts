import type { Where } from '../../errors.ts'
import { TscomposeError } from '../../errors.ts'
import type { CanonicalMap } from './model/bind.ts'
import { compareText } from './plain.ts'

/** Refuses services that depend on each other in a circle; each service is looked at once. */
export function checkCycles(services: CanonicalMap, whereOf: (name: string) => Where): void {
  const done = new Set<string>()
  const path: string[] = []
  const onPath = new Set<string>()
  /** Last one first, to be taken from the end. */
  const dependencies = (name: string): string[] =>
    Object.keys((services[name]?.depends_on ?? {}) as object)
      .filter(dependency => Object.hasOwn(services, dependency))
      .sort((a, b) => compareText(b, a))
  // A stack of its own: a chain of ten thousand services is no reason to run out of one.
  for (const start of Object.keys(services).sort(compareText)) {
    const stack = [{ name: start, todo: done.has(start) ? [] : dependencies(start) }]
    path.push(start)
    onPath.add(start)
    while (stack.length > 0) {
      const top = stack.at(-1)
      const next = top?.todo.pop()
      if (next === undefined) {
        stack.pop()
        const left = path.pop() ?? ''
        onPath.delete(left)
        done.add(left)
      } else if (onPath.has(next)) {
        const circle = [...path.slice(path.indexOf(next)), next].join(' -> ')
        throw new TscomposeError('COMPOSE_DEPENDENCY_CYCLE', `dependency cycle detected: ${circle}`, {
          where: whereOf(path.at(-1) ?? next),
        })
      } else if (!done.has(next)) {
        stack.push({ name: next, todo: dependencies(next) })
        path.push(next)
        onPath.add(next)
      }
    }
  }
}
