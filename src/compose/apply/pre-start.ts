import type { ContainerCreateRequest, Engine } from '../../engine/api.ts'
import { decodeFrames } from '../../engine/stream-frames.ts'
import { TscomposeError } from '../../errors.ts'
import { label } from '../labels.ts'
import type { Hook, Project, Service } from '../project.ts'
import { type ContainerContext, containerRequest } from '../translate/container.ts'
import type { HookOutput } from './hooks.ts'

/** A pre_start hook of a service, and the container whose start it comes before. */
export interface PreStart {
  readonly project: Project
  readonly service: Service
  readonly index: number
  readonly container: { readonly id: string; readonly name: string }
}

/**
 * Runs a pre_start hook in a container of its own, which has the networks, the volumes and the variables of the service.
 * It goes when the hook has succeeded; one that failed stays until the next run or `down`, to be looked at.
 * @throws TscomposeError COMPOSE_HOOK_FAILED
 */
export async function runPreStart(
  engine: Engine,
  hook: PreStart,
  context: Pick<ContainerContext, 'containerOf' | 'seccompProfile' | 'fileContents' | 'proxies' | 'imageId'>,
  output: HookOutput,
  signal: AbortSignal,
): Promise<void> {
  const { project, service, index, container } = hook
  const name = `${project.name}-${service.name}-pre_start-${index}`
  await removeEarlier(engine, project, name)
  const { Id: id } = await engine.containerCreate(name, request(hook, name, context), service.platform)
  const discard = () => engine.containerDelete(id, { force: true, volumes: true })
  let code: number
  try {
    const stream = await engine.containerAttach(id, { stream: true, stdout: true, stderr: true })
    const { exited } = await engine.containerWait(id, 'next-exit', signal)
    exited.catch(() => {}) // awaited below, unless it cannot be started
    await engine.containerStart(id)
    for await (const { stream: from, payload } of decodeFrames(stream))
      output(container.name, from === 'stderr' ? 'stderr' : 'stdout', payload)
    code = (await exited).StatusCode
    signal.throwIfAborted()
  } catch (error) {
    await discard().catch(() => {})
    throw error
  }
  if (code !== 0)
    throw new TscomposeError(
      'COMPOSE_HOOK_FAILED',
      `service "${service.name}" pre_start[${index}] exited with code ${code} (hook container ${id.slice(0, 12)} retained for inspection)`,
    )
  await discard()
}

/** What an earlier run of the hook has left. */
async function removeEarlier(engine: Engine, project: Project, name: string): Promise<void> {
  const filters = { label: [label.hook, `${label.project}=${project.name}`] }
  for (const { Id, Names } of await engine.containerList({ all: true, filters }))
    if (Names.includes(`/${name}`)) await engine.containerDelete(Id, { force: true, volumes: true })
}

function request(
  { project, service, index, container }: PreStart,
  name: string,
  context: Pick<ContainerContext, 'containerOf' | 'seccompProfile' | 'fileContents' | 'proxies' | 'imageId'>,
): ContainerCreateRequest {
  const hook = service.preStart[index] as Hook
  const own = hook.image !== undefined && hook.image !== service.image
  const { command, entrypoint, user, containerName, healthcheck, ...rest } = service
  return containerRequest({
    ...context,
    project,
    service: {
      ...rest,
      ...(hook.image !== undefined && { image: hook.image }),
      ...(hook.command.length > 0 && { command: hook.command }),
      // Its user is one of the service's image: another image may not know it.
      ...(!own && user !== undefined && { user }),
      ...(hook.user !== undefined && { user: hook.user }),
      ...(hook.workingDir !== undefined && { workingDir: hook.workingDir }),
      environment: { ...service.environment, ...Object.fromEntries(hook.environment.map(splitAssignment)) },
      privileged: service.privileged || hook.privileged,
      healthcheck: { disable: true },
      tty: false,
      stdinOpen: false,
      ports: [],
      volumes: service.volumes.filter(({ type }) => type === 'tmpfs'),
      volumesFrom: [`container:${container.id}`],
    },
    name,
    inherits: [],
    oneOff: {
      hook: 'pre_start',
      slug: process.getBuiltinModule('node:crypto').randomBytes(32).toString('hex'),
      useAliases: false,
      attachStdin: false,
      autoRemove: false,
    },
  })
}

function splitAssignment(text: string): [string, string] {
  const equals = text.indexOf('=')
  return [text.slice(0, equals), text.slice(equals + 1)]
}
