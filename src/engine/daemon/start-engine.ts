import { once } from 'node:events'
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { TscomposeError } from '../../errors.ts'
import { cacheHome, isCacheOurs } from '../../home.ts'
import { OFFLINE_VARIABLE } from '../../offline.ts'
import { spawnKeeper, writeCommand } from './keeper.ts'
import type { EnginePaths } from './paths.ts'
import { REPORT_FD, readReport } from './report.ts'

/** The program of the process; beside this file as a source, and beside the bundle that this file is in. */
const ENTRY = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? 'engine-main.ts' : 'engine-main.js', import.meta.url),
)

/** What the engine may know of the environment of the command that happens to start it. */
const inherited =
  /^(TSCOMPOSE_.*|PATH|HOME|USER|LANG|LC_.*|TZ|TMPDIR|XDG_.*|(https?|no|all)_proxy|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|NODE_DEBUG|DOCKER_CONFIG)$/i

/**
 * With the default of 16 a burst of work leaves that space behind; with 1 a third of a start's time is collection. What
 * else it leaves behind is collected when it is quiet: trim.ts.
 */
const flags = ['--max-semi-space-size=4', '--expose-gc']

/** How much of the log of a process that died is told, in bytes. */
const LAST_WORDS = 2000

/**
 * Starts the process of an engine, with its keeper, and waits until it is ready, or finds that another one is.
 * @throws TscomposeError what the engine threw, or ENGINE_START_FAILED with its last words
 */
export async function startEngine(paths: EnginePaths, entry = ENTRY): Promise<void> {
  mkdirSync(paths.runDir, { recursive: true, mode: 0o700 })
  const log = openSync(paths.logFile, 'a+', 0o600)
  try {
    const before = fstatSync(log).size
    writeCommand(paths, [process.execPath, ...flags, entry], environment(paths))
    const keeper = spawnKeeper(paths, { report: 'pipe' })
    const ended = once(keeper, 'exit')
    ended.catch(() => undefined)
    if (readReport(await lineOf(keeper.stdio[REPORT_FD] as Readable))) {
      keeper.unref()
      return
    }
    const [code, signal] = await ended
    const how = signal ? `was killed by ${signal}` : `ended with exit code ${code}`
    throw failed(`the engine's process ${how} before it was ready`, lastWords(log, before), paths.logFile)
  } finally {
    closeSync(log)
  }
}

function environment({ dataRoot, runDir }: EnginePaths): NodeJS.ProcessEnv {
  // What one command wishes is no rule for those that come after it.
  const names = Object.keys(process.env).filter(name => inherited.test(name) && name !== OFFLINE_VARIABLE)
  const env = Object.fromEntries(names.map(name => [name, process.env[name]]))
  // The variable does what module.enableCompileCache() does, but for the very first module and for workers, too.
  return { ...env, TSCOMPOSE_DATA: dataRoot, TSCOMPOSE_RUN: runDir, ...compileCache() }
}

/** Code that nobody else can have put there: Node runs what it finds. */
function compileCache(): NodeJS.ProcessEnv {
  const directory = join(cacheHome(), 'tscompose')
  if (!isCacheOurs()) return {}
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    return { NODE_COMPILE_CACHE: directory }
  } catch {
    return {} // a home that is read-only: the engine takes longer to start
  }
}

/** Not all there is: the keeper holds the other end for the next engine, which tells nobody then. */
async function lineOf(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.endsWith('\n')) break
  }
  return text
}

function lastWords(log: number, before: number): string {
  const { size } = fstatSync(log)
  const from = Math.max(before <= size ? before : 0, size - LAST_WORDS)
  const words = Buffer.alloc(size - from)
  readSync(log, words, 0, words.length, from)
  return words.toString().trim()
}

const failed = (what: string, words: string, logFile: string): TscomposeError =>
  new TscomposeError('ENGINE_START_FAILED', words ? `${what}:\n${words}` : what, { fix: `Its log is ${logFile}.` })
