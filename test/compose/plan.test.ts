import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { configHash, networkHash, portlessHash, volumeHash } from '../../src/compose/config-hash.ts'
import { fieldHashes } from '../../src/compose/field-hashes.ts'
import { label } from '../../src/compose/labels.ts'
import { loadProject } from '../../src/compose/load/index.ts'
import { containerName, imageName, imageNames } from '../../src/compose/names.ts'
import { lifecycleFromLabels } from '../../src/compose/observe.ts'
import { planDown, planRemove } from '../../src/compose/plan/down.ts'
import { planRestart, planStart, planStop } from '../../src/compose/plan/lifecycle.ts'
import type { Observed, ObservedContainer } from '../../src/compose/plan/observed.ts'
import { type Plan, renderPlan } from '../../src/compose/plan/plan.ts'
import { planPulls } from '../../src/compose/plan/pulls.ts'
import { planUp, upDefaults } from '../../src/compose/plan/up.ts'
import type { Project } from '../../src/compose/project.ts'
import { selectServices } from '../../src/compose/select.ts'

/**
 * A case is a folder: compose.yaml, case.yaml with the command, its options and what the engine has, and plan.txt.
 * What is there is up to date unless the case says otherwise, so a case tells only what matters to it.
 */
interface Case {
  readonly command: 'up' | 'down' | 'start' | 'stop' | 'restart' | 'rm' | 'pull'
  readonly options?: Record<string, unknown>
  /** Only what labels tell. */
  readonly withoutFile?: boolean
  readonly observed?: {
    readonly containers?: readonly GivenContainer[]
    readonly hookContainers?: readonly GivenContainer[]
    readonly networks?: readonly GivenResource[]
    readonly volumes?: readonly GivenResource[]
    /** Images that are not there. */
    readonly missingImages?: readonly string[]
  }
}
type GivenResource = string | { readonly key: string; readonly changed?: boolean; readonly foreign?: boolean }
type GivenContainer =
  | string
  | (Partial<ObservedContainer> & {
      readonly service: string
      readonly changed?: boolean
      /** What the service had in place of what the file says now; null: nothing. */
      readonly before?: Record<string, unknown>
      readonly portsChanged?: boolean
      readonly otherImage?: boolean
    })

const id = (name: string): string => Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64)

const merged = (canonical: Readonly<Record<string, unknown>>, before: Record<string, unknown>) =>
  Object.fromEntries(Object.entries({ ...canonical, ...before }).filter(([, value]) => value !== null))

function observedContainer(project: Project, given: GivenContainer): ObservedContainer {
  const { changed, before, portsChanged, otherImage, ...container } =
    typeof given === 'string' ? { service: given } : given
  const service = project.services[container.service] ?? project.disabledServices[container.service]
  const number = container.number ?? 1
  const name = service ? containerName(project.name, service, number) : `${project.name}-${container.service}-${number}`
  const image = service && imageName(project, service)
  return {
    id: id(container.name ?? name),
    name,
    number,
    oneOff: false,
    state: 'running',
    health: service?.healthcheck && !service.healthcheck.disable ? 'healthy' : 'none',
    configHash: changed || before || portsChanged || !service ? 'another' : configHash(service),
    ...(before &&
      service && { fieldHashes: JSON.stringify(fieldHashes({ canonical: merged(service.canonical, before) })) }),
    portlessHash: changed || before || !service ? 'another' : portlessHash(service),
    image: otherImage || image === undefined ? 'another' : `id of ${image}`,
    networks: Object.fromEntries(
      Object.keys(service?.networks ?? {}).map(key => [project.networks[key]?.name ?? key, `id of ${key}`]),
    ),
    volumes: (service?.volumes ?? []).flatMap(({ type, source, target }, i) =>
      type === 'volume' ? [{ name: project.volumes[source ?? '']?.name ?? `anonymous-${i}`, target }] : [],
    ),
    dependsOn: service?.dependsOn ?? {},
    ...container,
  }
}

function observe(
  project: Project,
  {
    containers = [],
    hookContainers = [],
    networks = [],
    volumes = [],
    missingImages = [],
  }: NonNullable<Case['observed']>,
): Observed {
  const resource = (given: GivenResource, kind: 'networks' | 'volumes') => {
    const { key, changed = false, foreign = false } = typeof given === 'string' ? { key: given } : given
    const declared = project[kind][key]
    const hash = kind === 'networks' ? networkHash : (volumeHash as typeof networkHash)
    const current = declared ? hash(declared as Parameters<typeof networkHash>[0]) : ''
    const labels = foreign ? {} : { [label.project]: project.name, [label.configHash]: changed ? 'another' : current }
    return {
      id: `id of ${key}`,
      name: declared?.name ?? `${project.name}_${key}`,
      labels: labels as Record<string, string>,
    }
  }
  const images = [...new Set(Object.values(project.services).flatMap(service => imageNames(project, service)))]
  return {
    containers: containers.map(given => observedContainer(project, given)),
    hookContainers: hookContainers.map(given => observedContainer(project, given)),
    networks: networks.map(given => resource(given, 'networks')),
    volumes: volumes.map(given => resource(given, 'volumes')),
    images: Object.fromEntries(
      images
        .filter(image => !missingImages.includes(image))
        .map(image => [image, { id: `id of ${image}`, volumes: [] }]),
    ),
  }
}

function plan(project: Project, { command, options = {}, withoutFile = false, observed: given = {} }: Case): Plan {
  const observed = observe(project, given)
  const services = withoutFile ? lifecycleFromLabels(observed.containers) : project.services
  const names = (options.services ?? []) as readonly string[]
  switch (command) {
    case 'up':
      return planUp(project, observed, { ...upDefaults, ...options })
    case 'pull':
      return planPulls(project, selectServices(project.services, names), observed.images, {
        command: 'up',
        now: 0,
        ...options,
      })
    case 'down': {
      const down = { services: names, removeOrphans: false, volumes: false, ...options }
      return planDown(project.name, services, observed, down, withoutFile ? undefined : project)
    }
    case 'start':
      return planStart(services, observed, { services: names, wait: false, ...options })
    case 'stop':
      return planStop(services, observed, { services: names, ...options })
    case 'restart':
      return planRestart(services, observed, { services: names, noDeps: false, ...options })
    case 'rm':
      return planRemove(services, observed, { services: names, stop: false, volumes: false, ...options })
  }
}

function planned(project: Project, it: Case): string {
  try {
    return renderPlan(plan(project, it))
  } catch (error) {
    return `error: ${(error as Error).message}\n`
  }
}

for (const file of globSync('test/golden/plan/*/case.yaml').sort())
  test(file, async () => {
    const folder = dirname(file)
    const { project } = await loadProject({
      cwd: resolve(folder),
      env: {},
      projectName: 'demo',
      allResources: true,
      files: ['compose.yaml'],
    })
    const text = planned(project, parse(readFileSync(file, 'utf8')))
    const golden = join(folder, 'plan.txt')
    if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text)
    assert.equal(text, readFileSync(golden, 'utf8'))
  })
