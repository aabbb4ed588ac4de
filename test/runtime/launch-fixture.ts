import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { type LaunchedProcess, type LaunchOptions, launch } from '../../src/runtime/launch.ts'
import { type Program, ProgramBuilder } from '../../src/runtime/program.ts'
import { newSession, openTerminal, standardStreams } from '../../src/runtime/program-streams.ts'
import { CLONE, MS } from '../../src/sys/constants.ts'

export const busybox = '/usr/bin/busybox'
export const skip =
  (process.getuid?.() !== 0 && 'needs root') || (!existsSync(busybox) && 'needs busybox-static') || false

export interface Script {
  readonly script?: string
  readonly init?: boolean
  readonly terminal?: boolean
  readonly stdin?: boolean
  /** Steps between the mounts and the exec. */
  readonly steps?: (program: ProgramBuilder) => void
}

/** A program that runs a busybox shell over the machine's own root, with namespaces, /proc and /dev/pts of its own. */
export function shellProgram({ script = '', init = true, terminal = false, stdin = false, steps }: Script): Program {
  const p = begin()
  if (terminal) openTerminal(p, { height: 24, width: 80, uid: 0 })
  else standardStreams(p, { stdin })
  steps?.(p)
  if (init) p.clone(0, 'init')
  newSession(p, { terminal })
  return p.exec([busybox], ['sh', '-c', script], ['PATH=/usr/bin:/bin'])
}

/** A container's program up to the point where the mounts are there. */
export function begin(): ProgramBuilder {
  const p = new ProgramBuilder()
  p.clone(CLONE.NEWNS | CLONE.NEWPID | CLONE.NEWUTS | CLONE.NEWIPC, 'monitor')
  p.call('mount', [null, '/', null, MS.REC | MS.PRIVATE, null])
  p.call('mount', ['proc', '/proc', 'proc', 0, null])
  p.call('mount', ['devpts', '/dev/pts', 'devpts', 0, 'newinstance,ptmxmode=0666'])
  return p
}

/** Directories of a test, removed with what was launched in them. */
export class Bench implements AsyncDisposable {
  readonly runDir: string
  readonly stateDir: string
  readonly #root: string
  readonly #launched: LaunchedProcess[] = []

  private constructor(root: string) {
    this.#root = root
    this.runDir = join(root, 'run')
    this.stateDir = join(root, 'state')
  }

  static async make(): Promise<Bench> {
    const bench = new Bench(await mkdtemp(join(tmpdir(), 'tscompose-launch-')))
    await mkdir(bench.runDir)
    await mkdir(bench.stateDir)
    return bench
  }

  async launch(program: Program, options: Partial<LaunchOptions> = {}): Promise<LaunchedProcess> {
    const launched = await launch(() => program, {
      name: 'test',
      runDir: this.runDir,
      stateDir: this.stateDir,
      log: { maxSize: 0, maxFiles: 1 },
      stdin: false,
      terminal: false,
      ...options,
    })
    this.#launched.push(launched)
    return launched
  }

  /** Launches a script with its streams attached. */
  async run(script: Script, options: Partial<LaunchOptions> = {}): Promise<LaunchedProcess & { streams: Duplex }> {
    const { stdin = false, terminal = false } = script
    const attach = { stdin, stdout: true, stderr: true, closeStdin: true }
    const { monitor, streams } = await this.launch(shellProgram(script), { stdin, terminal, attach, ...options })
    if (!streams) throw new TypeError('no streams')
    return { monitor, streams }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { monitor } of this.#launched) {
      try {
        process.kill(monitor.pid, 'SIGKILL')
      } catch {}
      await monitor.exited.catch(() => {})
    }
    await rm(this.#root, { recursive: true })
  }
}

/** Everything a stream carries until its end. */
export async function read(stream: Duplex): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** The bytes of one stream, out of Docker's frames. */
export function unframe(bytes: Buffer, stream: 1 | 2): string {
  const parts: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + 8 + bytes.readUInt32BE(at + 4)
    if (bytes[at] === stream) parts.push(bytes.subarray(at + 8, end))
    at = end
  }
  return Buffer.concat(parts).toString()
}

/** Reads until `text` has come; @returns all that came. */
export async function readUntil(stream: Duplex, text: string): Promise<string> {
  let all = ''
  while (!all.includes(text)) {
    const chunk: Buffer | null = stream.read()
    if (chunk) all += chunk.toString()
    else if (stream.readableEnded) throw new Error(`the end came before ${text}: ${all}`)
    else await once(stream, 'readable') // the end is one, too
  }
  return all
}
