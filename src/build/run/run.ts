import { randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { readRootFile } from '../../runtime/rootfs/root-files.ts'
import type { ContainerSpec } from '../../runtime/spec.ts'
import { resolveUser } from '../../runtime/user.ts'
import type { RunStep } from '../dockerfile/step.ts'
import type { Build } from '../solve/build.ts'
import { writableRoot } from '../solve/stack.ts'
import type { StageState } from '../solve/stage.ts'
import type { NewLayer, TellLine } from '../solve/step-layer.ts'
import { tellLines } from './lines.ts'
import { missingMountpoints, removeMountpoints } from './mountpoints.ts'
import { openMounts } from './mounts.ts'

const SIGKILL = 9

/**
 * Runs a step's program in a container whose writable layer becomes the layer of the step.
 * @throws TscomposeError BUILD_STEP_FAILED if it does not end with 0
 */
export async function carryOutRun(
  build: Build,
  state: StageState,
  step: RunStep,
  args: readonly string[],
  tell: TellLine,
  signal: AbortSignal,
): Promise<NewLayer> {
  const { around, plan } = build
  const { run } = plan.request
  checkEntitlements(step, run.entitlements)
  await using held = new AsyncDisposableStack()
  const id = randomBytes(32).toString('hex')
  const directory = await build.newDirectory()
  const root = await writableRoot(state.stack, directory)
  const stateDir = join(directory, 'state')
  await mkdir(stateDir)
  const sandbox = held.use(
    await around.openSandbox(
      {
        id,
        network: step.network === 'default' ? run.network : step.network,
        insecure: run.privileged || step.security === 'insecure',
        run,
        stateDir,
        runDir: join(around.runDir, id),
      },
      signal,
    ),
  )
  const mounted = held.use(await openMounts(build, state, step, sandbox, join(around.runDir, id), signal))
  const user = resolveUser(state.stage.config.User ?? '', [], path => readRootFile(root, path)?.toString())
  const env = new Map([...step.proxies, ...step.environment, ...mounted.env])
  const spec = sandbox.describe({
    root,
    mounts: mounted.mounts,
    args: step.scriptFile ? [`/dev/pipes/${step.scriptFile.name}`] : args,
    env: [...env].map(([name, value]) => `${name}=${value}`),
    cwd: state.stage.config.WorkingDir || '/',
    user,
  })
  const destinations = spec.mounts.map(({ destination }) => destination)
  const stubs = missingMountpoints(root.lowerdirs, destinations)
  await runToEnd(build, spec, step, args, tell, signal)
  removeMountpoints(join(directory, 'upper'), stubs, root.lowerdirs)
  const { workshop } = around.images
  const size = await workshop.measure(join(directory, 'upper'))
  const name = await workshop.adopt(join(directory, 'upper'))
  // The id goes into keys which other machines may get to see: unlike the name it is to be nobody else's.
  return { id: randomBytes(16).toString('hex'), directory: name, size }
}

async function runToEnd(
  { around }: Build,
  spec: ContainerSpec,
  step: RunStep,
  args: readonly string[],
  tell: TellLine,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const attach = { stdin: false, stdout: true, stderr: true, closeStdin: false }
  const { container } = await around.runtime.launch(spec, attach)
  const kill = () => void container.kill(SIGKILL)
  signal.addEventListener('abort', kill)
  try {
    if (signal.aborted) kill()
    const [exit] = await Promise.all([
      container.exited,
      container.streams ? tellLines(container.streams, tell).catch(() => {}) : undefined,
    ])
    signal.throwIfAborted()
    if (exit.exitCode === 0) return
    const why = exit.oomKilled ? ' (it ran out of memory)' : ''
    throw new TscomposeError(
      'BUILD_STEP_FAILED',
      `process "${args.join(' ')}" did not complete successfully: exit code: ${exit.exitCode}${why}`,
      { where: step.instruction.where },
    )
  } finally {
    signal.removeEventListener('abort', kill)
    await around.runtime.release(spec.id)
  }
}

/** What goes beyond a container has to be allowed by whoever builds, not only by the Dockerfile. */
function checkEntitlements({ network, security, instruction }: RunStep, allowed: readonly string[]): void {
  const needed = network === 'host' ? 'network.host' : security === 'insecure' ? 'security.insecure' : undefined
  if (needed === undefined || allowed.includes(needed)) return
  throw new TscomposeError('BUILD_ENTITLEMENT_MISSING', `${needed} is not allowed`, {
    where: instruction.where,
    fix: `Allow it with --allow ${needed}, or entitlements: [${needed}] in the Compose file.`,
  })
}
