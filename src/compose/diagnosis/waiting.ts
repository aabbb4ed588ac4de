import type { Ordered } from '../select.ts'

/**
 * Who waits for a service, the nearest first: those that name it in `depends_on` with the condition, and those that wait
 * for them in turn.
 */
export function whoWaitsFor(name: string, services: readonly Ordered[]): string[] {
  const found: string[] = []
  const seen = new Set([name])
  for (let near = [name]; near.length > 0; ) {
    const next: string[] = []
    for (const through of near)
      for (const service of services) {
        const dependency = service.dependsOn[through]
        if (!dependency?.required || seen.has(service.name)) continue
        seen.add(service.name)
        next.push(service.name)
        found.push(`${service.name} (${through === name ? dependency.condition : `through ${through}`})`)
      }
    near = next
  }
  return found
}
