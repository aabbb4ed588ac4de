import type { Duplex } from 'node:stream'
import { messageOf, TscomposeError } from '../../errors.ts'
import type { ExecConfig, ExecStartConfig } from '../api.ts'
import type { Container } from '../container/container.ts'
import { emitContainer } from '../container/events.ts'
import { inDockersWords } from '../container/launch-error.ts'
import type { Run } from '../container/run.ts'
import type { Context } from '../context.ts'
import { invalid, isRestarting, notRunning, stateConflict } from '../failures.ts'
import { newId } from '../ids.ts'
import { execProcess } from './process.ts'
import type { ExecSession } from './session.ts'

/** @throws TscomposeError ENGINE_CONTAINER_NOT_RUNNING, ENGINE_CONTAINER_STATE */
function runOf(container: Container): Run {
  const { run, state, id } = container
  if (state.status === 'paused') throw stateConflict(`Container ${id} is paused, unpause the container before exec`)
  if (state.status === 'restarting') throw isRestarting(id)
  if (!run) throw notRunning(id)
  return run
}

/** Describes a process that is to join a container. Whether it can be run shows at its start. */
export function createExec(context: Context, container: Container, config: ExecConfig): string {
  runOf(container)
  if (!config.Cmd?.length) throw invalid('No exec command specified')
  const session: ExecSession = { id: newId(), container, config, state: { status: 'created' } }
  context.execs.add(session)
  emitContainer(context, container, `exec_create: ${config.Cmd.join(' ')}`, { execID: session.id })
  return session.id
}

/**
 * Runs it.
 * @returns the streams; undefined when detached
 */
export async function startExec(
  context: Context,
  session: ExecSession,
  { Detach = false, Tty, ConsoleSize }: ExecStartConfig,
): Promise<Duplex | undefined> {
  const { id, container, config } = session
  if (session.state.status !== 'created') {
    const already = session.state.status === 'running' ? 'is already running' : 'has already run'
    throw new TscomposeError('ENGINE_EXEC_STATE', `exec command ${id} ${already}`)
  }
  const run = runOf(container)
  const size = ConsoleSize ?? config.ConsoleSize
  const asked = { ...config, Tty: config.Tty ?? Tty ?? false, ...(size && { ConsoleSize: size }) }
  const attach = !Detach && {
    stdin: config.AttachStdin === true,
    stdout: config.AttachStdout === true,
    stderr: config.AttachStderr === true,
    closeStdin: true,
  }
  session.state = { status: 'running' }
  emitContainer(context, container, `exec_start: ${config.Cmd.join(' ')}`, { execID: id })
  try {
    const description = execProcess(context, container, run, asked)
    const process = await context.runtime.exec(run.process, description, attach || undefined)
    session.state = { status: 'running', process }
    process.exited
      .then(({ exitCode }) => end(context, session, exitCode, process.pid))
      .catch(error => {
        context.report(`exec in ${container.name}: ${messageOf(error)}`)
        end(context, session, 137, process.pid)
      })
    return process.streams
  } catch (error) {
    const notFound = error instanceof TscomposeError && error.code === 'RUNTIME_COMMAND_NOT_FOUND'
    end(context, session, notFound ? 127 : 126, 0)
    throw inDockersWords(error, config.Cmd[0] ?? '')
  }
}

function end(context: Context, session: ExecSession, exitCode: number, pid: number): void {
  session.state = { status: 'exited', exitCode, pid }
  context.execs.forgetLater(session)
  emitContainer(context, session.container, 'exec_die', { execID: session.id, exitCode: String(exitCode) })
}

export function resizeExec({ state, id }: ExecSession, height: number, width: number): void {
  if (state.status !== 'running' || !state.process) {
    throw new TscomposeError('ENGINE_EXEC_STATE', `exec process ${id} is not running`)
  }
  state.process.resize(height, width)
}
