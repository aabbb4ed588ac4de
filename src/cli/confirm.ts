import { createInterface } from 'node:readline/promises'
import type { Cli } from './cli.ts'

/** Asks on the terminal. Without one the answer is no. @param question with its choices: `Are you sure? [y/N]` */
export async function confirm({ stdin, stderr, signal }: Cli, question: string): Promise<boolean> {
  if (!stdin.isTTY) return false
  using readline = createInterface({ input: stdin, output: stderr })
  return /^y(es)?$/i.test((await readline.question(`${question} `, { signal })).trim())
}
