import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { docker, type Rival, type RivalOptions, tscompose } from './rivals.ts'

const run = promisify(execFile)

/** A tool that keeps images, with an empty store of its own. */
export interface ImageTool extends AsyncDisposable {
  pull(reference: string): Promise<unknown>
  save(reference: string, file: string): Promise<unknown>
  load(file: string): Promise<unknown>
  tag(reference: string, name: string): Promise<unknown>
  push(reference: string): Promise<unknown>
  /** Whether a process is one of those that do the work, apart from the command itself. */
  owns(pid: string): boolean
}

const ofRival = (rival: Rival, program: string, ...first: string[]): ImageTool => {
  const call = (...args: string[]) => run(program, [...first, ...args], { env: rival.env })
  return {
    pull: reference => call('pull', '-q', reference),
    save: (reference, file) => call('save', '-o', file, reference),
    load: file => call('load', '-q', '-i', file),
    tag: (reference, name) => call('tag', reference, name),
    push: reference => call('push', '-q', reference),
    owns: rival.owns,
    [Symbol.asyncDispose]: () => rival[Symbol.asyncDispose](),
  }
}

export async function oursTool(root: string, options: RivalOptions): Promise<ImageTool> {
  const rival = await tscompose(root, options)
  return ofRival(rival, rival.compose[0] ?? '', 'image')
}

export async function dockerTool(options: RivalOptions): Promise<ImageTool> {
  return ofRival(await docker({ ...options, arguments: ['--bridge=none', '--iptables=false'] }), 'docker')
}

/** skopeo, with a store as podman keeps it: layers unpacked, for overlayfs. */
export async function skopeoTool({ parent }: RivalOptions): Promise<ImageTool> {
  const runRoot = mkdtempSync('/dev/shm/tsbench-skopeo-')
  const store = (reference: string) => `containers-storage:[overlay@${join(parent, 'skopeo')}+${runRoot}]${reference}`
  const copy = (from: string, to: string) =>
    run('skopeo', ['copy', '-q', '--src-tls-verify=false', '--dest-tls-verify=false', from, to])
  let names: Record<string, string> = {}
  const known = (reference: string) => names[reference] ?? reference
  return {
    pull: reference => copy(`docker://${reference}`, store(reference)),
    save: (reference, file) => copy(store(known(reference)), `docker-archive:${file}:${reference}`),
    load: file => copy(`docker-archive:${file}`, store('bench:1')),
    tag: async (reference, name) => {
      names = { ...names, [name]: known(reference) }
    },
    push: reference => copy(store(known(reference)), `docker://${reference}`),
    owns: () => false,
    async [Symbol.asyncDispose]() {
      rmSync(runRoot, { recursive: true })
    },
  }
}

/** Debian's docker-registry on loopback, with nothing in it. */
export async function newRegistry(): Promise<{ readonly host: string } & AsyncDisposable> {
  const dir = mkdtempSync('/dev/shm/tsbench-registry-')
  const configuration = `version: 0.1
log: { level: info, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${dir}/data } }
http: { addr: "127.0.0.1:0" }
`
  mkdirSync(join(dir, 'data'))
  writeFileSync(join(dir, 'config.yml'), configuration)
  const registry = spawn('docker-registry', ['serve', join(dir, 'config.yml')], { stdio: ['ignore', 'pipe', 'pipe'] })
  const host = await listening(registry)
  return {
    host,
    async [Symbol.asyncDispose]() {
      const ended = new Promise(resolve => registry.once('exit', resolve))
      registry.kill()
      await ended
      rmSync(dir, { recursive: true })
    },
  }
}

/** Only its log tells which port the kernel has given it. */
async function listening({ stdout, stderr }: ChildProcess): Promise<string> {
  if (!stdout || !stderr) throw new TypeError('the registry was started without pipes')
  stdout.resume()
  for await (const line of createInterface({ input: stderr })) {
    const address = /msg="listening on ([0-9.:]+)"/.exec(line)?.[1]
    if (!address) continue
    stderr.resume()
    return address
  }
  throw new Error('the registry ended before it listened')
}
