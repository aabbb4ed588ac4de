import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { leaks } from './leaks.ts'

/**
 * A place to run the real program in: an engine with data and run-time directories of its own, which is stopped at the
 * end of the test; then nothing may be left of it on the machine.
 */

export const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'bin/tscompose')

/** Why end-to-end tests cannot run here, or false. */
export const skip: string | false = process.getuid?.() === 0 ? false : 'needs root'

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
}

export interface Machine {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
  readonly socket: string
  /** Runs the program to its end, whatever its exit code. */
  run(args: readonly string[], options?: RunOptions): Promise<Result>
  /** Runs it and throws, with its output, unless it exits with 0. @returns its standard output */
  ok(args: readonly string[], options?: RunOptions): Promise<string>
  /** Runs the docker client against the machine's engine. */
  docker(args: readonly string[], options?: RunOptions): Promise<Result>
  /** Likewise, and throws unless it exits with 0. @returns its standard output */
  dockerOk(args: readonly string[], options?: RunOptions): Promise<string>
  /** Starts it without waiting. */
  start(args: readonly string[], options?: RunOptions): ReturnType<typeof spawn>
  /** What is to be done before the engine is stopped; the last first. */
  defer(release: () => unknown): void
  /** Writes files into a new directory, by default as a project of that name. @returns its path */
  project(name: string, files: Readonly<Record<string, string>>): Promise<string>
}

/** What a process has written when it has ended, and its exit code. */
export const resultOf = (child: ChildProcess): Promise<Result> =>
  new Promise((resolve, reject) => {
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', text => {
      stdout += text
    })
    child.stderr?.setEncoding('utf8').on('data', text => {
      stderr += text
    })
    child.on('error', reject)
    child.on('close', code => resolve({ code, stdout, stderr }))
  })

/** A shell command at a terminal, whose input stays open as that of a person does: its end would be shown as a byte. */
export const atTerminal = (command: string, { env, cwd }: SpawnOptions): Promise<Result> =>
  resultOf(spawn('script', ['-qec', command, '/dev/null'], { cwd, env: { ...env, TERM: 'xterm' } }))

/** @param config what goes into the engine's configuration file */
export async function newMachine(t: TestContext, config: Readonly<Record<string, unknown>> = {}): Promise<Machine> {
  const dir = mkdtempSync('/tmp/tscompose-e2e-')
  const env = {
    PATH: process.env.PATH,
    HOME: join(dir, 'home'),
    // Compiled code is shared with everybody else: to compile it anew takes a second of every test.
    XDG_CACHE_HOME: process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    TSCOMPOSE_DATA: join(dir, 'data'),
    TSCOMPOSE_RUN: join(dir, 'run'),
    TSCOMPOSE_CONFIG: join(dir, 'config.json'),
  }
  await mkdir(env.HOME)
  await writeFile(env.TSCOMPOSE_CONFIG, JSON.stringify(config))

  const start: Machine['start'] = (args, options = {}) =>
    spawn(program, args, { cwd: options.cwd ?? dir, env: { ...env, ...options.env } })
  const run: Machine['run'] = (args, options = {}) => {
    const child = start(args, options)
    child.stdin?.end(options.input ?? '')
    return resultOf(child)
  }

  const docker: Machine['docker'] = (args, options = {}) => {
    const host = { DOCKER_HOST: `unix://${env.TSCOMPOSE_RUN}/engine.sock` }
    const child = spawn('docker', args, { cwd: options.cwd ?? dir, env: { ...env, ...host, ...options.env } })
    child.stdin.end(options.input ?? '')
    return resultOf(child)
  }
  const outputOf = async (words: string, result: Promise<Result>): Promise<string> => {
    const { code, stdout, stderr } = await result
    if (code !== 0) throw new Error(`${words} exited with ${code}\n${stderr}${stdout}`)
    return stdout
  }

  const deferred: (() => unknown)[] = []
  t.after(async () => {
    for (const release of deferred.reverse()) await release()
    spawnSync(program, ['engine', 'stop'], { env })
    const left = await leaks(env.TSCOMPOSE_RUN)
    rmSync(dir, { recursive: true, force: true })
    if (left.length > 0) throw new Error(`left on the machine:\n${left.join('\n')}`)
  })

  return {
    dir,
    env,
    socket: join(env.TSCOMPOSE_RUN, 'engine.sock'),
    start,
    run,
    ok: (args, options) => outputOf(`tscompose ${args.join(' ')}`, run(args, options)),
    docker,
    dockerOk: (args, options) => outputOf(`docker ${args.join(' ')}`, docker(args, options)),
    defer: release => void deferred.push(release),
    async project(name, files) {
      const path = join(dir, name)
      for (const [file, text] of Object.entries(files)) {
        await mkdir(dirname(join(path, file)), { recursive: true })
        await writeFile(join(path, file), text)
      }
      return path
    },
  }
}

/** A TCP port of 127.0.0.1 that nobody has at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on('error', reject)
      .listen(0, '127.0.0.1', () => {
        const address = server.address()
        server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
      })
  })
}

/** Archives of the test images (made when missing): paths in the order of `names`. */
export function imageArchives(...names: string[]): string[] {
  const { status, stdout, stderr } = spawnSync(join(root, 'test/images/build'), names, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`test/images/build ${names.join(' ')} failed:\n${stderr}`)
  return stdout.trim().split('\n')
}
