import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'

/** Writes what an engine sends to standard output, or to a file, which gets its name when it is whole. */
export async function writeArchive(cli: Cli, archive: Readable, output: string | undefined): Promise<void> {
  const { signal } = cli
  if (output === undefined) return await pipeline(archive, cli.stdout, { end: false, signal })
  const path = resolve(cli.cwd, output)
  const partial = `${path}.tscompose-partial`
  try {
    await pipeline(archive, createWriteStream(partial, { mode: 0o600 }), { signal })
    await rename(partial, path)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

/** In docker's words, before anything is asked of the engine. @throws TscomposeError CLI_FLAG */
export async function checkOutput(cli: Cli, output: string | undefined): Promise<void> {
  if (output === undefined) {
    if (!cli.stdout.isTTY) return
    throw bad('cowardly refusing to save to a terminal. Use the -o flag or redirect')
  }
  const path = resolve(cli.cwd, output)
  const directory = dirname(path)
  if (!(await stat(directory).catch(() => undefined)))
    throw bad(`invalid output path: directory "${directory}" does not exist`)
  const found = await stat(path).catch(() => undefined)
  if (!found || found.isFile()) return
  const what = found.isCharacterDevice() || found.isBlockDevice() ? 'a device' : 'an irregular file'
  throw bad(
    `invalid output path: "${output}" must be a regular file: got ${found.isDirectory() ? 'a directory' : what}`,
  )
}

const bad = (message: string) => new TscomposeError('CLI_FLAG', message)
