import type { Plan, Step } from '../plan/plan.ts'

/** What progress calls the things a step acts on. */
export function reported(step: Step): [kind: string, names: readonly string[]] {
  switch (step.op) {
    case 'createNetwork':
    case 'removeNetwork':
      return ['Network', [step.name]]
    case 'createVolume':
    case 'removeVolume':
      return ['Volume', [step.name]]
    case 'pullImage':
    case 'pushImage':
      return ['Image', [step.image]]
    case 'removeImage':
      return ['Image', [step.name]]
    case 'createContainer':
      return ['Container', [step.name]]
    case 'waitFor':
      return ['Container', step.containers.map(({ name }) => name)]
    case 'runPreStart':
    case 'connectNetwork':
    case 'disconnectNetwork':
    case 'checkpoint':
      return ['', []]
    default:
      return ['Container', [step.container.name]]
  }
}

/** How often each resource of a plan will be reported as done. */
export function expectedReports({ steps }: Plan): Map<string, number> {
  const expected = new Map<string, number>()
  for (const { step } of steps) {
    const [kind, names] = reported(step)
    // The exchange of a container is one thing: it is done with the new one's name.
    const counts = step.op === 'createContainer' && step.replaces ? 0 : 1
    if (!('quiet' in step && step.quiet))
      for (const name of names) expected.set(`${kind} ${name}`, (expected.get(`${kind} ${name}`) ?? 0) + counts)
  }
  return expected
}
