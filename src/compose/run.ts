import type { Duplex } from 'node:stream'
import type { Engine } from '../engine/api.ts'
import { sharingApiSocket } from './api-socket.ts'
import { runHooks } from './apply/hooks.ts'
import { ignoring } from './apply/ignoring.ts'
import { readContents } from './contents.ts'
import { imageKey, imageName } from './names.ts'
import { observe, observeImages } from './observe.ts'
import { carryOut, type Surroundings } from './operation.ts'
import { planPulls } from './plan/pulls.ts'
import type { Project, Service } from './project.ts'
import { containerRequest } from './translate/container.ts'
import { type BringUpOptions, bringUp } from './up.ts'

export interface RunOptions {
  /** What its dependencies are brought up with. */
  readonly up: BringUpOptions
  readonly name?: string
  readonly remove: boolean
  readonly useAliases: boolean
  readonly stdin: boolean
  readonly consoleSize?: readonly [number, number]
}

/** A one-off container, made but not started. */
export interface OneOffContainer {
  readonly id: string
  readonly name: string
  /** Its streams, connected before it starts so that nothing is lost. */
  readonly attach: () => Promise<Duplex>
  /** Starts it. @returns the exit code, once it has one, and the end of its post_start hooks, which run beside it */
  readonly start: () => Promise<{ readonly exited: Promise<number>; readonly hooks: Promise<void> }>
}

/**
 * Makes a one-off container of a service, after what it depends on is up.
 * @param service the service with what the command line says in place of what the file says; its `ports` are published
 */
export async function createOneOff(
  surroundings: Surroundings,
  whole: Project,
  wanted: Service,
  options: RunOptions,
): Promise<OneOffContainer> {
  const { engine, warn, signal } = surroundings
  const up = { ...options.up, services: [wanted.name], needsOf: wanted.name, start: true }
  const project = await bringUp(surroundings, whole, up)
  // What providers hand to it stands below what the command line says.
  const handed = project.services[wanted.name]?.environment
  const service = sharingApiSocket({ ...wanted, environment: { ...handed, ...wanted.environment } })
  let observed = await observe(engine, project.name, project)
  // What can be built is there.
  const pulls = planPulls(project, service.build ? [] : [service], observed.images, {
    command: 'up',
    now: Date.now(),
    ...(options.up.pull && { policy: options.up.pull }),
  })
  if (pulls.steps.length > 0) {
    await carryOut(surroundings, { name: project.name, project, observed, preStop: false }, pulls)
    observed = { ...observed, images: await observeImages(engine, project, [service]) }
  }
  signal.throwIfAborted()
  const slug = process.getBuiltinModule('node:crypto').randomBytes(32).toString('hex')
  const name = options.name ?? [project.name, service.name, 'run', slug.slice(0, 12)].join(options.up.separator)
  const contents = readContents(project, service)
  const request = containerRequest({
    project,
    service,
    name,
    imageId: observed.images[imageKey(imageName(project, service), service)]?.id ?? '',
    inherits: [],
    containerOf: other =>
      observed.containers.find(container => container.service === other && !container.oneOff)?.id ?? other,
    ...contents,
    oneOff: {
      slug,
      useAliases: options.useAliases,
      attachStdin: options.stdin,
      autoRemove: options.remove,
      ...(options.consoleSize && { consoleSize: options.consoleSize }),
    },
  })
  const { Id: id, Warnings } = await engine.containerCreate(name, request, service.platform)
  for (const warning of Warnings) warn(`${name}: ${warning}`)
  return {
    id,
    name,
    attach: () => engine.containerAttach(id, { stream: true, stdin: options.stdin, stdout: true, stderr: true }),
    start: () => startOneOff(engine, { id, name }, service, surroundings),
  }
}

async function startOneOff(
  engine: Engine,
  container: { readonly id: string; readonly name: string },
  service: Service,
  { hookOutput }: Surroundings,
): Promise<{ exited: Promise<number>; hooks: Promise<void> }> {
  const { exited } = await engine.containerWait(container.id, 'next-exit', new AbortController().signal)
  try {
    await engine.containerStart(container.id)
  } catch (error) {
    exited.catch(() => {})
    // It never ran: nothing of it is of use to anybody.
    await engine.containerDelete(container.id, { force: true, volumes: true }).catch(() => {})
    throw error
  }
  // A program may be over before there was anything to do beside it.
  const hooks = ignoring(['ENGINE_CONTAINER_NOT_FOUND', 'ENGINE_CONTAINER_NOT_RUNNING'], () =>
    runHooks(engine, container, service.postStart, hookOutput),
  )
  hooks.catch(() => {})
  return { exited: exited.then(({ StatusCode }) => StatusCode), hooks }
}
