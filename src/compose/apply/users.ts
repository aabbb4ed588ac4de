import type { Engine, Filters } from '../../engine/api.ts'
import { nameOf } from '../observe.ts'
import type { Step } from '../plan/plan.ts'

export type Removal = Extract<Step, { op: 'removeNetwork' | 'removeVolume' | 'removeImage' }>

/** The containers that keep something from being removed, as the end of a sentence: `by shop-web-run-1a2b`. */
export async function users(engine: Engine, step: Removal): Promise<string | undefined> {
  const found = await engine.containerList({ all: step.op !== 'removeNetwork', filters: usedBy(step) }).catch(() => [])
  return found.length > 0 ? `by ${found.map(nameOf).sort().join(', ')}` : undefined
}

function usedBy(step: Removal): Filters {
  switch (step.op) {
    case 'removeNetwork':
      return { network: [step.id] }
    case 'removeVolume':
      return { volume: [step.name] }
    case 'removeImage':
      return { ancestor: [step.name] }
  }
}
