import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Cli } from './cli.ts'

/** Asks for a line on the terminal. */
export async function askLine({ stdin, stderr, signal }: Cli, question: string): Promise<string> {
  using readline = createInterface({ input: stdin, output: stderr })
  return (await readline.question(question, { signal })).trim()
}

/** Asks for a line that is not shown. */
export async function askHidden({ stdin, stderr, signal }: Cli, question: string): Promise<string> {
  stderr.write(question)
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  using readline = createInterface({ input: stdin, output: nowhere, terminal: true })
  try {
    return await readline.question('', { signal })
  } finally {
    stderr.write('\n')
  }
}
