import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { cacheHome, isCacheOurs } from '../home.ts'

/** Compiled code of a program, as V8 has it after some runs of one of its commands. */
export interface KeptCode {
  readonly file: string
  readonly code?: Buffer
  /** How many runs have added to it. */
  readonly runs: number
}

/** Of how many programs code is kept: versions that are in use side by side. */
const PROGRAMS = 3

/**
 * What is kept for a command; no code, if there is nothing that can be used.
 * @param program another one whenever code must not be taken for that of this one: V8 compares the length of the text,
 * and trusts what it is given. For the same reason the file has to be of the user who runs the program.
 */
export function findCode(program: string, command: string): KeptCode {
  const file = join(cacheHome(), 'tscompose/code', program, command.replace(' ', '-'))
  try {
    const fd = openSync(file, 'r')
    try {
      if (fstatSync(fd).uid !== process.geteuid?.()) return { file, runs: 0 }
      const content = readFileSync(fd)
      // Where V8 has the code aligned it need not copy it, so the number comes last.
      return { file, code: content.subarray(0, -1), runs: content.at(-1) ?? 0 }
    } finally {
      closeSync(fd)
    }
  } catch {
    return { file, runs: 0 }
  }
}

/** Writes it for the next run. Where that is impossible the next run takes longer, and that is all. */
export function keepCode({ file, code, runs }: Required<KeptCode>): void {
  try {
    if (!isCacheOurs()) return
    if (mkdirSync(dirname(file), { recursive: true, mode: 0o700 })) forgetOldPrograms(dirname(dirname(file)))
    writeWhole(file, Buffer.concat([code, Uint8Array.of(runs)]))
  } catch {
    // A home that is read-only, or full, or none.
  }
}

/** V8 does not look for holes, which a file that was not flushed has after a loss of power. */
function writeWhole(file: string, content: Buffer): void {
  const unfinished = `${file}.${process.pid}`
  try {
    writeFileSync(unfinished, content, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}

/** @param directory of all programs; the one that is new is in it */
function forgetOldPrograms(directory: string): void {
  const age = (name: string) => statSync(join(directory, name)).mtimeMs
  const newestFirst = readdirSync(directory).toSorted((a, b) => age(b) - age(a))
  for (const name of newestFirst.slice(PROGRAMS)) rmSync(join(directory, name), { recursive: true, force: true })
}
